import type { Connection } from '@reelgate/client';
import { run } from './operation-text.ts';
import { REDELIVER_WEBHOOK, RELEASE_QUARANTINED_RECORD, RETRY_VIDEO_JOB_NOW } from './operations.ts';

/** What an action has done, for people. */
export interface ActionResult {
  readonly text: string;
  /** Whether nothing was changed. */
  readonly isRefused: boolean;
}

/** An action on one entry. @throws ReelgateError */
export type Action = (connection: Connection, id: string) => Promise<ActionResult>;

/** Ends the pause of a job. */
export const retryNow: Action = async (connection, id) => {
  const { retryVideoJobNow: result } = await run(connection, RETRY_VIDEO_JOB_NOW, { id });
  return outcome(result, 'RetryVideoJobNowSuccess', 'The job is due now.');
};

/** Puts a repaired record back. */
export const releaseRecord: Action = async (connection, id) => {
  const { releaseQuarantinedRecord: result } = await run(connection, RELEASE_QUARANTINED_RECORD, { id });
  return outcome(result, 'ReleaseQuarantinedRecordSuccess', 'The record is back, and its job continues.');
};

/** Sends a webhook again. */
export const redeliver: Action = async (connection, id) => {
  await run(connection, REDELIVER_WEBHOOK, { id });
  return { text: 'The webhook is sent again.', isRefused: false };
};

interface Result {
  readonly __typename: string;
  readonly message?: string;
}

function outcome(result: Result | null, success: string, text: string): ActionResult {
  if (result?.__typename === success) return { text, isRefused: false };
  return { text: result?.message ?? 'The gateway answered without a result.', isRefused: true };
}
