import { table } from '../measure/table.ts';
import type { Shown } from './run-fault.ts';

/** A table with a line for each metric of each fault. */
export function reportOf(shown: readonly Shown[]): string {
  const head = ['fault', 'metric', 'seen', 'before', 'during', 'after', 'at', 'also in quiet time'];
  return table(
    head,
    shown.map(({ fault, selector, evidence, isUsual }) => [
      fault,
      `\`${selector}\``,
      evidence === null ? 'NO' : 'yes',
      valueOf(evidence?.before ?? null),
      valueOf(evidence?.during ?? null),
      valueOf(evidence?.after ?? null),
      evidence?.series['instance'] ?? '',
      isUsual ? 'yes' : '',
    ]),
  );
}

function valueOf(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(10)));
}
