import type { ModelInput } from './model-input.ts';

/** Means at speed 1, with the model's defaults. Together about 8 s; the real model takes about 53 s. */
const QUEUE_MS = 800;
const QUEUE_SPREAD = 0.3;
const RUN_MS = 7_200;
/** Coefficient of variation of the run. */
const RUN_SPREAD = 0.12;
/** A worker rejects an invalid input immediately [SDK]. */
const INVALID_RUN_MS = 200;

/** Start and end of a job's run in epoch ms; `endsAt` null: the run never ends. */
export interface Timeline {
  readonly startsAt: number;
  readonly endsAt: number | null;
}

export interface TimelineOptions {
  /** Epoch ms of the submission. */
  readonly now: number;
  /** [0, 1) */
  readonly random: () => number;
  /** 10 = ten times faster. */
  readonly speed: number;
  /** Null: invalid, so the job fails after INVALID_RUN_MS. */
  readonly input: ModelInput | null;
  /** Factor of the run time. @default 1 */
  readonly slowdown?: number | undefined;
  /** Whether the run never ends. Ignored for an invalid input. @default false */
  readonly endless?: boolean | undefined;
}

/** Draws the random timeline of a job, once, at its submission. */
export function drawTimeline(options: TimelineOptions): Timeline {
  const { now, random, speed, input } = options;
  const queueMs = QUEUE_MS * lognormal(random, QUEUE_SPREAD);
  const drawn = RUN_MS * lognormal(random, RUN_SPREAD);
  const runMs = input === null ? INVALID_RUN_MS : drawn * relativeRunTime(input) * (options.slowdown ?? 1);
  const startsAt = Math.round(now + queueMs / speed);
  return {
    startsAt,
    endsAt: options.endless === true && input !== null ? null : Math.round(startsAt + runMs / speed),
  };
}

/** Run time relative to the defaults. It grows less than proportionally with each parameter. */
function relativeRunTime(input: ModelInput): number {
  return (input.steps / 30) ** 0.4 * (input.video_length / 3) ** 0.4 * (input.resolution / 480) ** 0.8;
}

/** A random number of mean 1 with the given coefficient of variation (Box–Muller: uses two numbers of `random`). */
function lognormal(random: () => number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const variance = Math.log(1 + spread * spread);
  return Math.exp(normal * Math.sqrt(variance) - variance / 2);
}
