import { redeliver, releaseRecord, retryNow } from './actions.ts';
import type { GatewayJobWait } from './documents.ts';
import { Problem, Problems } from './problem.tsx';
import { PHASES } from './summary.tsx';
import type { GatewayStatus } from './use-status.ts';
import { relative, upcoming } from './verdict.ts';

interface ListProps {
  readonly status: GatewayStatus;
  /** The gateway's time, in epoch milliseconds. */
  readonly now: number;
  /** Reads the status again. */
  readonly refresh: () => void;
}

/** Jobs that have not ended, the nearest to its deadline first. */
export function OldestJobs({ status, now, refresh }: ListProps) {
  return (
    <Problems title="Oldest jobs" empty="No job waits.">
      {status.oldestJobs.map((job) => (
        <Problem
          key={job.id}
          id={job.id}
          name={job.id}
          about={[PHASES[job.phase], job.ownerId]}
          text={job.reason}
          facts={[
            `Accepted ${relative(job.createdAt, now)}`,
            ...(job.failureCount === 0 ? [] : [`failed calls: ${job.failureCount}`]),
            ...(job.nextStepAt === null ? [] : [nextStep(job.wait, job.nextStepAt, now)]),
            `deadline ${relative(job.endsAt, now)}`,
          ]}
          // While the upstream does not answer, a retry would not help.
          label={job.isRetryable && job.wait === 'FAILURES' ? 'Retry now' : null}
          action={retryNow}
          onDone={refresh}
        />
      ))}
    </Problems>
  );
}

function nextStep(wait: GatewayJobWait, at: string, now: number): string {
  return wait === 'LEASED' ? `lease ends ${relative(at, now)}` : `next step ${upcoming(at, now)}`;
}

/** Records that cannot be read. */
export function QuarantinedRecords({ status, refresh }: Omit<ListProps, 'now'>) {
  return (
    <Problems title="Unreadable records" empty="All records can be read.">
      {status.quarantinedRecords.map(({ id, error }) => (
        <Problem
          key={id}
          id={id}
          name={id}
          about={[]}
          text={error}
          facts={['Repair the record, as the operations guide describes. Then release it.']}
          label="Release"
          action={releaseRecord}
          onDone={refresh}
        />
      ))}
    </Problems>
  );
}

/** Webhooks whose last attempt failed. */
export function FailingDeliveries({ status, now, refresh }: ListProps) {
  return (
    <Problems title="Failing webhooks" empty="No webhook fails.">
      {status.failingDeliveries.map(({ id, jobId, ownerId, origin, attempts, lastError, nextAttemptAt }) => (
        <Problem
          key={id}
          id={id}
          name={jobId}
          about={[origin, ownerId]}
          text={lastError ?? 'The last attempt failed.'}
          facts={[
            attempts === 1 ? '1 attempt' : `${attempts} attempts`,
            nextAttemptAt === null ? 'given up' : `next attempt ${upcoming(nextAttemptAt, now)}`,
          ]}
          label="Send again"
          action={redeliver}
          onDone={refresh}
        />
      ))}
    </Problems>
  );
}
