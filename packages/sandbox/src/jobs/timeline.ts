import type { ModelInput } from './model-input.ts';

/** Means at speed 1, with the model's defaults. Together about 8 s; the real model takes about 53 s. */
const QUEUE_MS = 800;
const QUEUE_SPREAD = 0.3;
const RUN_MS = 7_200;
/** Coefficient of variation of the run. */
const RUN_SPREAD = 0.12;
/** An invalid input is found out as soon as a worker looks at it [SDK]. */
const INVALID_RUN_MS = 200;

/** When a job begins to run and when it is due; `endsAt` null = never. Epoch ms. */
export interface Timeline {
  readonly startsAt: number;
  readonly endsAt: number | null;
}

/** What a job's timeline depends on. */
export interface TimelineOptions {
  /** Epoch ms of the submission. */
  readonly now: number;
  /** [0, 1) */
  readonly random: () => number;
  /** 10 = ten times faster. */
  readonly speed: number;
  /** Null for an invalid input, which fails soon. */
  readonly input: ModelInput | null;
  /** The run takes so many times longer. @default 1 */
  readonly slowdown?: number | undefined;
  /** It never ends. Of no account for an invalid input. @default false */
  readonly endless?: boolean | undefined;
}

/** Draws a job's timeline: once, at its submission. */
export function drawTimeline(options: TimelineOptions): Timeline {
  const { now, random, speed, input } = options;
  const queueMs = QUEUE_MS * lognormal(random, QUEUE_SPREAD);
  const drawn = RUN_MS * lognormal(random, RUN_SPREAD);
  const runMs = input === null ? INVALID_RUN_MS : drawn * effort(input) * (options.slowdown ?? 1);
  const startsAt = Math.round(now + queueMs / speed);
  return {
    startsAt,
    endsAt: options.endless === true && input !== null ? null : Math.round(startsAt + runMs / speed),
  };
}

/** How much longer than with the defaults a run takes; milder than in proportion. */
function effort(input: ModelInput): number {
  return (input.steps / 30) ** 0.4 * (input.video_length / 3) ** 0.4 * (input.resolution / 480) ** 0.8;
}

/** Mean 1 and the given coefficient of variation. Uses two random numbers (Box–Muller). */
function lognormal(random: () => number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const variance = Math.log(1 + spread * spread);
  return Math.exp(normal * Math.sqrt(variance) - variance / 2);
}
