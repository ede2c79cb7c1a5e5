import type { Statements } from './statements.ts';

/**
 * Deletes a job with all that belongs to it. Its file task becomes due at once, without failures, and loses its lease, so that the file is deleted also when a
 * worker is storing it at this moment. Its webhook deliveries that still wait are kept. Run it within a transaction.
 *
 * @param now epoch milliseconds
 */
export function deleteJob(statements: Statements, id: string, now: number): void {
  statements.runFileTask.run({ id, now });
  statements.endFileLease.run({ id });
  statements.keepDeliveries.run({ id });
  statements.deleteDeliveries.run({ id });
  statements.deleteVideoData.run({ id });
  statements.endQuarantine.run({ id });
  statements.unhide.run({ id });
  statements.endLeases.run({ id });
  statements.deleteJob.run({ id });
}
