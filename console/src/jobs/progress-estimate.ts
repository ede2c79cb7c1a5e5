/** What the page was told of a job's progress, and when. Times are epoch milliseconds. */
export interface ProgressSample {
  /** From 0 to 1. */
  readonly progress: number;
  /** When the job is as likely to be done as not; null while that is unknown. */
  readonly estimatedCompletionAt: number | null;
  readonly at: number;
}

/** Where the bar is when the estimated time has come; the rest is for jobs that take longer. */
const AT_ESTIMATE = 0.95;
/** Where it is after as long again, and after four times as long. It is full only when the job is done. */
const LATER = [
  { times: 2, progress: 0.98 },
  { times: 5, progress: 0.995 },
] as const;

/** A point of the bar's way: the share that it shows, milliseconds after the sample. */
export interface ProgressPoint {
  readonly afterMs: number;
  readonly progress: number;
}

/** The bar's way from a sample on, until another one comes: straight lines between these points; it never falls. */
export function progressPath({
  progress,
  estimatedCompletionAt,
  at,
}: ProgressSample): readonly ProgressPoint[] {
  const start = { afterMs: 0, progress };
  if (estimatedCompletionAt === null || progress >= 1) return [start];
  const untilMs = Math.max(1000, estimatedCompletionAt - at);
  const points = [{ times: 1, progress: AT_ESTIMATE }, ...LATER];
  return [
    start,
    ...points
      .filter((point) => point.progress > progress)
      .map((point) => ({ afterMs: untilMs * point.times, progress: point.progress })),
  ];
}

/** What the bar shows at a time. */
export function progressAt(sample: ProgressSample, now: number): number {
  const path = progressPath(sample);
  const elapsedMs = Math.max(0, now - sample.at);
  const next = path.findIndex(({ afterMs }) => afterMs > elapsedMs);
  const from = path[next - 1] ?? path.at(-1);
  const to = path[next];
  if (from === undefined || to === undefined) return from?.progress ?? sample.progress;
  const share = (elapsedMs - from.afterMs) / (to.afterMs - from.afterMs);
  return from.progress + share * (to.progress - from.progress);
}

/** The sample for a newer message: the bar goes on from where it is, never back. */
export function nextSample(before: ProgressSample | null, told: ProgressSample): ProgressSample {
  if (before === null) return told;
  return { ...told, progress: Math.max(told.progress, progressAt(before, told.at)) };
}
