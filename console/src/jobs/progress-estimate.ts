/** A reported progress and the time of the report. Times are epoch milliseconds. */
export interface ProgressSample {
  /** From 0 to 1. */
  readonly progress: number;
  /** The median of the completion time; null while it is unknown. */
  readonly estimatedCompletionAt: number | null;
  readonly at: number;
}

/** The bar's position at the estimated completion; the rest is for jobs that take longer. */
const AT_ESTIMATE = 0.95;
/** Its positions at two and five times the estimated duration. The bar is full only when the job is done. */
const LATER = [
  { times: 2, progress: 0.98 },
  { times: 5, progress: 0.995 },
] as const;

/** A position of the bar, `afterMs` milliseconds after the sample. */
export interface ProgressPoint {
  readonly afterMs: number;
  readonly progress: number;
}

/** The positions of the bar after a sample, to be joined by straight lines. They never decrease. */
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

/** The position of the bar at a time. */
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

/** Combines a new report with the current position, so that the bar never moves back. */
export function nextSample(before: ProgressSample | null, report: ProgressSample): ProgressSample {
  if (before === null) return report;
  return { ...report, progress: Math.max(report.progress, progressAt(before, report.at)) };
}
