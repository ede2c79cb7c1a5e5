import type { Prometheus, Series } from '../../test/support/process/prometheus.ts';
import { nameOf } from './fault-table.ts';

/** How a series changed during a fault. Values are null where the series had none. */
export interface Evidence {
  readonly series: Readonly<Record<string, string>>;
  readonly before: number | null;
  /** The value that is furthest from those before. */
  readonly during: number;
  readonly after: number;
}

/** A time with load and without a fault, in epoch seconds. */
export interface QuietTime {
  readonly from: number;
  readonly to: number;
}

/** Seconds before a fault whose values count as those before it: all of them are after the fault before. */
const BEFORE_S = 5;

/**
 * Looks in Prometheus for a change that a fault caused: a counter that rose, or a gauge with a value that it had neither before nor in the
 * quiet time.
 *
 * @param begin of the fault, in epoch seconds
 * @returns the strongest change; null when there is none
 */
export async function findEvidence(
  prometheus: Prometheus,
  selector: string,
  begin: number,
  quiet: QuietTime,
): Promise<Evidence | null> {
  const all = await prometheus.range(selector, quiet.from, Date.now() / 1000);
  const changes = all.flatMap(
    (series) => (isCounter(selector) ? riseOf(series, begin) : deviationOf(series, begin, quiet)) ?? [],
  );
  return changes.toSorted((a, b) => sizeOf(b) - sizeOf(a))[0] ?? null;
}

/** Whether a counter of a selector rose in the quiet time: then its rise shows no fault. */
export async function risesWithoutFault(
  prometheus: Prometheus,
  selector: string,
  { from, to }: QuietTime,
): Promise<boolean> {
  if (!isCounter(selector)) return false;
  const all = await prometheus.range(selector, from, to);
  return all.some(({ samples }) => (samples.at(-1)?.[1] ?? 0) > (samples[0]?.[1] ?? 0));
}

function isCounter(selector: string): boolean {
  return /_(?:total|count)$/.test(nameOf(selector));
}

/** The rise of a counter since a time in epoch seconds. It continues from 0 after a restart. */
export function riseOf({ metric, samples }: Series, begin: number): Evidence | null {
  const before = samples.findLast(([at]) => at < begin)?.[1] ?? null;
  let last = before ?? 0;
  let rise = 0;
  for (const [at, value] of samples) {
    if (at < begin) continue;
    rise += value < last ? value : value - last;
    last = value;
  }
  return rise === 0 ? null : { series: metric, before, during: (before ?? 0) + rise, after: last };
}

/** The value of a gauge since a time in epoch seconds that is furthest from those shortly before and in the quiet time. */
export function deviationOf({ metric, samples }: Series, begin: number, quiet: QuietTime): Evidence | null {
  const earlier = samples.filter(([at]) => at < begin);
  const isKnown = (at: number) => at >= begin - BEFORE_S || (at >= quiet.from && at <= quiet.to);
  const known = earlier.filter(([at]) => isKnown(at)).map(([, value]) => value);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const distance = (value: number) => (known.length === 0 ? Infinity : Math.max(least - value, value - most));
  const later = samples.filter(([at]) => at >= begin).map(([, value]) => value);
  const during = later.toSorted((a, b) => distance(b) - distance(a))[0];
  if (during === undefined || distance(during) <= 0) return null;
  return { series: metric, before: earlier.at(-1)?.[1] ?? null, during, after: later.at(-1) ?? during };
}

function sizeOf({ before, during }: Evidence): number {
  return Math.abs(during - (before ?? 0));
}
