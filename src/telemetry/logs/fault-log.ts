import type { Clock } from '../../domain/clock.ts';
import type { LeveledLog } from '../../process/leveled-log.ts';

type Level = 'info' | 'warn' | 'error';

interface Window {
  /** Occurrences since the last line. */
  count: number;
  /** Of the last one. */
  details: object;
  message: string;
}

/** Milliseconds between two lines with the same message. */
const WINDOW_MS = 10_000;
/** Messages that are counted separately at a time; further ones are counted by level only. */
const MAX_WINDOWS = 100;

/**
 * Limits log lines of faults that repeat, such as the failure of each query while Redis is away. The first fault is logged at
 * once. Later faults with the same level, message and error are counted. At the end of each window with such faults the last
 * one is logged, with their number as `repeated`.
 */
export class FaultLog implements LeveledLog, Disposable {
  readonly #log: LeveledLog;
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();
  readonly #closing = new AbortController();

  /** @param windowMs milliseconds between two lines of the same fault */
  constructor(log: LeveledLog, clock: Clock, windowMs = WINDOW_MS) {
    this.#windowMs = windowMs;
    this.#log = log;
    this.#clock = clock;
  }

  /** Not limited: this level is for seeing everything. */
  debug(details: object, message: string): void {
    this.#log.debug(details, message);
  }

  info(details: object, message: string): void {
    this.#write('info', details, message);
  }

  warn(details: object, message: string): void {
    this.#write('warn', details, message);
  }

  error(details: object, message: string): void {
    this.#write('error', details, message);
  }

  /** Logs the counts. Later faults are logged without limit. */
  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  #write(level: Level, details: object, message: string): void {
    const name = `${level} ${message} ${reasonOf(details)}`;
    const key = this.#windows.has(name) || this.#windows.size < MAX_WINDOWS ? name : level;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.count += 1;
      window.details = details;
      window.message = message;
      return this.debug(details, message);
    }
    this.#log[level](details, message);
    if (!this.#closing.signal.aborted) void this.#count(key, level, message);
  }

  async #count(key: string, level: Level, message: string): Promise<void> {
    const { signal } = this.#closing;
    const window: Window = { count: 0, details: {}, message };
    this.#windows.set(key, window);
    do {
      window.count = 0;
      await this.#clock.sleep(this.#windowMs, signal);
      if (window.count > 0) this.#log[level]({ ...window.details, repeated: window.count }, window.message);
    } while (window.count > 0 && !signal.aborted);
    this.#windows.delete(key);
  }
}

/** The message of the error in the details: one log text may have several causes. */
function reasonOf(details: object): string {
  return 'err' in details && details.err instanceof Error ? details.err.message : '';
}
