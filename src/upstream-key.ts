import type { LeveledLog } from './fault-log.ts';
import type { CallBudget } from './store/call-budget.ts';
import { checkKey } from './upstream/segmind/check-key.ts';
import type { HttpClientOptions } from './upstream/segmind/http/http-client.ts';

/** Milliseconds for the upstream to say whether it knows the key. */
const TIMEOUT_MS = 10_000;

/**
 * Asks the upstream in the background, once, whether its key is good, so that one that is refused is told of at the start and
 * not by the first job. Whatever else comes of it is no news. Disposing cuts it short.
 */
export function checkKeyOnce(http: HttpClientOptions, budget: CallBudget, log: LeveledLog): AsyncDisposable {
  const closing = new AbortController();
  const checked = check(http, budget, closing.signal, log).catch((error: unknown) => {
    log.debug({ err: error }, 'the upstream could not be asked about its key');
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
  budget: CallBudget,
  signal: AbortSignal,
  log: LeveledLog,
): Promise<void> {
  // Whether such a call counts against the vendor's rate limit is not documented.
  const { granted, probing } = await budget.reserve(1);
  if (granted === 0) return;
  // The one call that an upstream that is down gets is for a job.
  if (probing) return await budget.giveBack(granted);
  const outcome = await checkKey(http, { timeoutMs: TIMEOUT_MS, signal });
  if (outcome.type !== 'refused') return log.debug(outcome, 'the upstream was asked about its key');
  log.warn(
    { reason: outcome.reason },
    `SEGMIND_API_KEY is refused by ${http.origin} (${outcome.reason}): jobs will fail as UPSTREAM_UNAUTHORIZED. Set a key that is good there.`,
  );
}
