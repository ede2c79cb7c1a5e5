import { DELAYED_SUBMISSIONS } from './delayed-submissions.ts';
import type { Fault } from './fault.ts';
import { JOB_FAULTS } from './job-faults.ts';
import { LOST_SUBMISSIONS } from './lost-submissions.ts';
import { REFUSED_SUBMISSIONS } from './refused-submissions.ts';
import { RESULT_FAULTS } from './result-faults.ts';
import { STATUS_FAULTS } from './status-faults.ts';

/** All faults, in the order of a job's life. */
export const FAULTS: readonly Fault[] = [
  ...REFUSED_SUBMISSIONS,
  ...DELAYED_SUBMISSIONS,
  ...LOST_SUBMISSIONS,
  ...JOB_FAULTS,
  ...STATUS_FAULTS,
  ...RESULT_FAULTS,
];

const BY_NAME: ReadonlyMap<string, Fault> = new Map(FAULTS.map((fault) => [fault.name, fault]));

/** The fault that a prompt requests: the first known `[sandbox:<name>]`, in any letter case. */
export function faultIn(prompt: string): Fault | null {
  for (const match of prompt.matchAll(/\[sandbox:([a-z0-9-]+)\]/gi)) {
    const fault = faultNamed(match[1]?.toLowerCase() ?? '');
    if (fault !== null) return fault;
  }
  return null;
}

/** The fault of this name; null when `name` is null or unknown. */
export function faultNamed(name: string | null): Fault | null {
  return name === null ? null : (BY_NAME.get(name) ?? null);
}
