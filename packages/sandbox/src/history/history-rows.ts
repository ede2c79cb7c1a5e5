import type { HistoryFault } from '../faults/fault.ts';
import { faultNamed } from '../faults/faults.ts';
import { videoUrl } from '../jobs/job-replies.ts';
import { COST, stateAt } from '../jobs/job.ts';
import type { Job, JobState } from '../jobs/job.ts';
import { MODEL } from '../jobs/model-input.ts';

/** The teammate's request is this much earlier than the job. */
const TEAMMATE_LEAD_MS = 1_000;

/** One output of a request in the history [SDK 1.3.0]. Which fields are null while the request runs is [unknown]. */
export interface HistoryRow {
  readonly request_id: string;
  readonly model_name: string;
  readonly model_status: 'COMPLETED' | 'FAILED' | 'PENDING';
  /** USD; null while the request runs. A failure is not charged [profile]. */
  readonly credits_deduction: number | null;
  /** The body of the submission, unchanged. */
  readonly request_body: Readonly<Record<string, unknown>>;
  readonly generation_url: string | null;
  readonly latency_ms: number | null;
  /** ISO 8601. */
  readonly model_created: string;
  /** Failures only. */
  readonly error?: string;
}

/** Maps a job's id to the id of the teammate's request and back: each is the other one reversed. */
export function teammateId(id: string): string {
  return reversed(id);
}

/** The job's rows, without regard to the lag: one row, unless its fault changes that. */
export function rowsOf(job: Job, now: number, origin: string): readonly HistoryRow[] {
  const fault = faultNamed(job.fault)?.history;
  const row = rowOf(job, stateAt(job, now), origin, fault);
  switch (fault) {
    case 'hidden':
      return [];
    case 'two-rows': {
      const second = row.generation_url === null ? null : `${row.generation_url}?output=2`;
      return [row, { ...row, generation_url: second }];
    }
    case 'teammate':
      return [row, teammateRow(job, row, origin)];
    case 'broken-by-id':
    case 'no-video':
    case undefined:
      return [row];
  }
}

function rowOf(job: Job, state: JobState, origin: string, fault: HistoryFault | undefined): HistoryRow {
  const shared = {
    request_id: job.id,
    model_name: MODEL,
    request_body: job.body,
    model_created: new Date(job.createdAt).toISOString(),
  };
  switch (state.status) {
    case 'QUEUED':
    case 'PROCESSING':
      return {
        ...shared,
        model_status: 'PENDING',
        credits_deduction: null,
        generation_url: null,
        latency_ms: null,
      };
    case 'COMPLETED':
      return {
        ...shared,
        model_status: 'COMPLETED',
        credits_deduction: COST,
        generation_url: fault === 'no-video' ? 'None' : videoUrl(job, origin),
        latency_ms: state.doneAt - job.createdAt,
      };
    case 'FAILED':
      return {
        ...shared,
        model_status: 'FAILED',
        credits_deduction: 0,
        generation_url: null,
        latency_ms: state.doneAt - job.createdAt,
        error: state.error,
      };
  }
}

/** A row with equal inputs and another video, whose URL exists for the teammate only. */
function teammateRow(job: Job, row: HistoryRow, origin: string): HistoryRow {
  const video = videoUrl({ ...job, videoId: reversed(job.videoId) }, origin);
  return {
    ...row,
    request_id: teammateId(job.id),
    generation_url: row.generation_url === null ? null : video,
    model_created: new Date(job.createdAt - TEAMMATE_LEAD_MS).toISOString(),
  };
}

function reversed(id: string): string {
  return id.split('').toReversed().join('');
}
