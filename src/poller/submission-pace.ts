/** Calls that a job takes in all, roughly, while the budget is short: its submission, its polls and its result. */
const CALLS_A_JOB = 6;
const MINUTE_MS = 60_000;
/** Calls a minute that are reckoned with where no limit is set and the upstream has asked for fewer. */
const UNLIMITED_RPM = 600;
/** What the newest interval counts for. */
const WEIGHT = 0.2;
/** A longer pause between two submissions says nothing about the pace: nothing was waiting. */
const MAX_INTERVAL_MS = 2 * MINUTE_MS;

/** How fast jobs are submitted while the call budget is short, to tell those that wait when they will be. */
export class SubmissionPace {
  #intervalMs: number;
  #lastAt: number | null = null;

  /** @param rpm calls a minute; 0 for no limit */
  constructor(rpm: number) {
    this.#intervalMs = (CALLS_A_JOB * MINUTE_MS) / (rpm > 0 ? rpm : UNLIMITED_RPM);
  }

  /** A job is submitted that had to wait. */
  submitted(now: number): void {
    const intervalMs = this.#lastAt === null ? null : now - this.#lastAt;
    this.#lastAt = now;
    if (intervalMs === null || intervalMs > MAX_INTERVAL_MS) return;
    this.#intervalMs += WEIGHT * (intervalMs - this.#intervalMs);
  }

  /** Milliseconds until a job with so many before it is submitted. */
  waitMs(ahead: number): number {
    return Math.round((ahead + 1) * this.#intervalMs);
  }
}
