import { emitFault } from '../../events/emit-fault.ts';
import type { FaultEvent } from '../../events/gateway-events.ts';
import { readAnswer } from './answers/answer.ts';
import { isObject, readNumber } from './answers/json.ts';
import { summaryOfAnswer } from './call-summaries.ts';
import { CREDITS_PATH } from './facts.ts';
import { type HttpAnswer, HttpClient, type HttpClientOptions } from './http/http-client.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;
/** Milliseconds for which known credits are returned without a look at the store. */
const READ_PAUSE_MS = 2000;
/** Milliseconds between two questions of all instances together. */
const ASK_PAUSE_MS = 60_000;
/** At most every 50th call of the rate limit asks for the credits. */
const CALLS_PER_QUESTION = 50;
/** Credits that are older than this many pauses are no longer shown. */
const MAX_AGE_PAUSES = 10;

/** The shared call budget, as far as one call needs it. */
interface OneCallBudget {
  reserve(calls: 1): Promise<{ readonly granted: number; readonly probing: boolean }>;
  release(calls: number): Promise<void>;
  onRateLimited(random: number, retryAfterMs: number | null): Promise<void>;
}

/** The credits that all instances know. */
interface SharedCredits {
  claim(pauseMs: number): Promise<{
    readonly isDue: boolean;
    readonly known: { readonly usd: number; readonly at: number } | null;
  }>;
  save(usd: number): Promise<void>;
}

export interface SegmindAccountOptions {
  readonly http: HttpClientOptions;
  readonly budget: OneCallBudget;
  readonly credits: SharedCredits;
  /** Calls a minute; 0 for no limit. */
  readonly rpm: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * The account behind the API key. Its calls run in the background and take only what the call budget has left, so that no request and no
 * job waits for them. Disposing aborts them.
 */
export class SegmindAccount implements AsyncDisposable {
  readonly #options: SegmindAccountOptions;
  readonly #pauseMs: number;
  readonly #closing = new AbortController();
  #inProgress: Promise<void> | null = null;
  #known: { readonly usd: number; readonly at: number } | null = null;
  #readAt = -Infinity;

  constructor(options: SegmindAccountOptions) {
    this.#options = options;
    const { rpm } = options;
    this.#pauseMs = rpm === 0 ? ASK_PAUSE_MS : ASK_PAUSE_MS * Math.max(1, CALLS_PER_QUESTION / rpm);
  }

  /** Asks the upstream whether it accepts the API key, so that the operator learns of a bad key at the start and not from the first failed job. */
  checkKey(): void {
    this.#run(() => this.#checkKey(), 'the API key could not be checked');
  }

  /**
   * The remaining credits in US dollars, as they were at most some minutes ago; null while they are not known. Returns at once, and
   * asks for newer ones in the background: once a minute at most, all instances together.
   */
  credits(): number | null {
    const now = this.#options.http.now();
    if (now >= this.#readAt + READ_PAUSE_MS || now < this.#readAt) {
      this.#run(() => this.#refresh(), 'the credits could not be read');
    }
    const { usd, at } = this.#known ?? { usd: null, at: 0 };
    return now - at <= MAX_AGE_PAUSES * this.#pauseMs ? usd : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#inProgress;
  }

  #run(work: () => Promise<void>, failure: string): void {
    if (this.#inProgress !== null || this.#closing.signal.aborted) return;
    this.#readAt = this.#options.http.now();
    this.#inProgress = work()
      .catch((error: unknown) => this.#emitFault('debug', failure, { err: error }))
      .finally(() => {
        this.#inProgress = null;
      });
  }

  async #refresh(): Promise<void> {
    const { isDue, known } = await this.#options.credits.claim(this.#pauseMs);
    this.#known = known;
    if (isDue) await this.#ask();
  }

  async #checkKey(): Promise<void> {
    const { http } = this.#options;
    const answer = await this.#ask();
    if (answer?.isRefused !== true) return;
    const { reason } = answer;
    const message = `SEGMIND_API_KEY is refused by ${http.origin} (${reason}): jobs will fail as UPSTREAM_UNAUTHORIZED. Set a key that this upstream accepts.`;
    this.#emitFault('warn', message, { reason });
  }

  #emitFault(level: FaultEvent['level'], message: string, details: FaultEvent['details']): void {
    emitFault(this.#options.http.events, 'upstream', level, message, details);
  }

  /** @returns null when the call budget has no call for it */
  async #ask(): Promise<CreditsAnswer | null> {
    const { http, budget, credits, random } = this.#options;
    // The vendor does not document whether this call counts against the rate limit.
    const { granted, probing } = await budget.reserve(1);
    if (granted === 0) return null;
    if (probing) {
      // While the upstream is down, its one probe call is reserved for a job.
      await budget.release(granted);
      return null;
    }
    const answer = await askForCredits(http, this.#closing.signal);
    if (answer.status === 429) await budget.onRateLimited(random(), answer.retryAfterMs);
    if (answer.usd !== null) {
      this.#known = { usd: answer.usd, at: http.now() };
      await credits.save(answer.usd);
    }
    return answer;
  }
}

interface CreditsAnswer {
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly isRefused: boolean;
  /** For the log. */
  readonly reason: string;
  /** Null when the answer has no credits. */
  readonly usd: number | null;
}

async function askForCredits(http: HttpClientOptions, signal: AbortSignal): Promise<CreditsAnswer> {
  await using client = new HttpClient(http);
  const call = {
    name: 'credits',
    method: 'GET',
    path: CREDITS_PATH,
    maxBodyBytes: MAX_ANSWER_BYTES,
    timeoutMs: TIMEOUT_MS,
    signal,
  } as const;
  return await client.call(call, readCreditsAnswer, ({ usd, reason }, answer) =>
    summaryOfAnswer(answer, usd === null ? reason : null),
  );
}

function readCreditsAnswer(answer: HttpAnswer): CreditsAnswer {
  if (answer.type !== 'answered') {
    return { status: null, retryAfterMs: null, isRefused: false, reason: answer.reason, usd: null };
  }
  const { status, retryAfterMs, errorText, isHtml, json } = readAnswer(answer);
  return {
    status,
    retryAfterMs,
    // An HTML page comes from a proxy or firewall in front of the API.
    isRefused: (status === 401 || status === 403) && !isHtml,
    reason: `HTTP ${status}${errorText === null ? '' : `: ${errorText}`}`,
    usd: status === 200 ? readCredits(json) : null,
  };
}

/** The sum of paid and free credits; null when the body has neither. It is unknown whether the first contain the second. */
function readCredits(json: unknown): number | null {
  if (!isObject(json)) return null;
  const amounts = [json['credits'], json['free-credits']].map(readNumber);
  if (amounts.every((amount) => amount === null)) return null;
  return amounts.reduce<number>((sum, amount) => sum + (amount ?? 0), 0);
}
