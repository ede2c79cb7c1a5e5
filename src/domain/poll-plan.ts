/** Bounds of the pause between two polls of one job. */
const FLOOR_MS = 1000;
const CEILING_MS = 5000;
/** For a job that takes more than twice the typical time. */
const OVERDUE_CEILING_MS = 30_000;
/** Share of the pause that chance adds or takes away, so that jobs accepted together are not polled together. */
const JITTER = 0.1;

/** What the plan rests on. */
export interface PollPlanInput {
  /** Milliseconds since the upstream took the job. */
  readonly elapsedMs: number;
  /** Milliseconds that a job typically takes. */
  readonly typicalMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * Milliseconds until a job's next poll: a sixth of its age, from 1 to 5 seconds, up to 30 when it is long overdue,
 * give or take a tenth.
 */
export function nextPollDelayMs({ elapsedMs, typicalMs, random }: PollPlanInput): number {
  const ceiling = elapsedMs > 2 * typicalMs ? OVERDUE_CEILING_MS : CEILING_MS;
  const pause = Math.min(ceiling, Math.max(FLOOR_MS, elapsedMs / 6));
  return Math.round(pause * (1 + JITTER * (2 * random - 1)));
}
