import type { Cause } from '../cause.ts';
import type { FaultRow } from '../fault-table.ts';
import { PROCESS_CAUSES } from './processes.ts';
import { REDIS_CAUSES } from './redis.ts';
import { STORAGE_CAUSES } from './storage.ts';
import { UPSTREAM_CAUSES } from './upstream.ts';

/** All causes in their order: that of the lost file, which needs a gateway without unfinished jobs, is the last one. */
export const CAUSES: readonly Cause[] = [
  ...PROCESS_CAUSES,
  ...UPSTREAM_CAUSES,
  ...REDIS_CAUSES,
  ...STORAGE_CAUSES,
];

/** Pairs causes and rows. @throws Error when one has none, or more than one */
export function pairCauses(
  rows: readonly FaultRow[],
  causes: readonly Cause[] = CAUSES,
): { readonly cause: Cause; readonly row: FaultRow }[] {
  const uncaused = rows.filter(({ fault }) => !causes.some((cause) => fault.startsWith(cause.fault)));
  if (uncaused.length > 0) {
    throw new Error(`No cause in bench/chaos/causes for: ${uncaused.map(({ fault }) => fault).join('; ')}`);
  }
  return causes.map((cause) => {
    const [row, ...others] = rows.filter(({ fault }) => fault.startsWith(cause.fault));
    if (row === undefined || others.length > 0) {
      throw new Error(
        `"${cause.fault}" is the beginning of ${others.length + (row ? 1 : 0)} rows, not of one.`,
      );
    }
    return { cause, row };
  });
}
