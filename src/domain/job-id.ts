import { v7 } from 'uuid';

const PREFIX = 'vj_';
const PATTERN = /^vj_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * A new job id: `vj_` and a UUIDv7, so that ids sort by the time of acceptance.
 *
 * @param now epoch milliseconds
 * @param random 16 random bytes
 */
export function newJobId(now: number, random: Uint8Array): string {
  return PREFIX + v7({ msecs: now, random });
}

/** Whether a text has the form of a job id. */
export function isJobId(text: string): boolean {
  return PATTERN.test(text);
}
