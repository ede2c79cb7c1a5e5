import type { LeveledLog } from '../../process/fault-log.ts';
import { readAnswer } from './answers/answer.ts';
import { CREDITS_PATH } from './facts.ts';
import { HttpClient, type HttpClientOptions } from './http/http-client.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

/** The shared call budget, as far as one call needs it. */
interface OneCallBudget {
  reserve(calls: 1): Promise<{ readonly granted: number; readonly probing: boolean }>;
  release(calls: number): Promise<void>;
}

/**
 * Asks the upstream once, in the background, whether it accepts the API key, so that the operator learns of a bad key at the
 * start and not from the first failed job. Any other outcome is logged at debug level. Disposing aborts the call.
 */
export function checkKeyOnce(
  http: HttpClientOptions,
  budget: OneCallBudget,
  log: LeveledLog,
): AsyncDisposable {
  const closing = new AbortController();
  const checked = check(http, budget, closing.signal, log).catch((error: unknown) => {
    log.debug({ err: error }, 'the API key could not be checked');
  });
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await checked;
    },
  };
}

async function check(
  http: HttpClientOptions,
  budget: OneCallBudget,
  signal: AbortSignal,
  log: LeveledLog,
): Promise<void> {
  // The vendor does not document whether this call counts against the rate limit.
  const { granted, probing } = await budget.reserve(1);
  if (granted === 0) return;
  // While the upstream is down, its one probe call is reserved for a job.
  if (probing) return await budget.release(granted);
  const { isRefused, reason } = await askForCredits(http, signal);
  if (!isRefused) return log.debug({ reason }, 'the upstream did not refuse the API key');
  log.warn(
    { reason },
    `SEGMIND_API_KEY is refused by ${http.origin} (${reason}): jobs will fail as UPSTREAM_UNAUTHORIZED. Set a key that this upstream accepts.`,
  );
}

interface KeyAnswer {
  readonly isRefused: boolean;
  /** For the log. */
  readonly reason: string;
}

async function askForCredits(http: HttpClientOptions, signal: AbortSignal): Promise<KeyAnswer> {
  await using client = new HttpClient(http);
  const answer = await client.call({
    method: 'GET',
    path: CREDITS_PATH,
    maxBodyBytes: MAX_ANSWER_BYTES,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  if (answer.type !== 'answered') return { isRefused: false, reason: answer.reason };
  const { status, errorText, isHtml } = readAnswer(answer);
  // An HTML page comes from a proxy or firewall in front of the API.
  const isRefused = (status === 401 || status === 403) && !isHtml;
  return { isRefused, reason: `HTTP ${status}${errorText === null ? '' : `: ${errorText}`}` };
}
