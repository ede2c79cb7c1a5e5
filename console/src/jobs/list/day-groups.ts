import type { VideoJob } from '@reelgate/client';

/** The jobs of one day, newest first. */
export interface DayGroup {
  /** The day in the time zone of the page, as YYYY-MM-DD. */
  readonly day: string;
  readonly jobs: readonly VideoJob[];
  /** The known cost of its jobs, in US dollars. */
  readonly costUsd: number;
  /** Whether a job of the day may have cost something that is not known. */
  readonly isCostPartial: boolean;
}

/**
 * Groups jobs by the day on which they were made.
 *
 * @param jobs newest first
 * @param hasMore whether there are older jobs, some of which may belong to the last day
 */
export function groupByDay(jobs: readonly VideoJob[], hasMore: boolean): readonly DayGroup[] {
  const days = Map.groupBy(jobs, ({ createdAt }) => dayOf(new Date(createdAt)));
  return [...days].map(([day, made], index) => ({
    day,
    jobs: made,
    costUsd: made.reduce((sum, { metrics }) => sum + (metrics?.costUsd ?? 0), 0),
    isCostPartial: (hasMore && index === days.size - 1) || made.some(isCostUnknown),
  }));
}

function isCostUnknown({ status, metrics, failure }: VideoJob): boolean {
  if (metrics?.costUsd != null) return false;
  return status === 'COMPLETED' || (failure !== null && failure.charged !== 'NO');
}

/** The heading of a day: `Today`, `Yesterday`, or its date, with the year unless it is this year. */
export function dayTitle(day: string, now: number): string {
  const today = new Date(now);
  if (day === dayOf(today)) return 'Today';
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day === dayOf(yesterday)) return 'Yesterday';
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  return new Date(year, month - 1, date).toLocaleDateString('en', {
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    ...(year === today.getFullYear() ? {} : { year: 'numeric' }),
  });
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
