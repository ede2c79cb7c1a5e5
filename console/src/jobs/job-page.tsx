import { ReelgateError, type VideoJob } from '@reelgate/client';
import { useVideoJob } from '@reelgate/client/react';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import { ActionMenu } from './actions/action-menu.tsx';
import { AgainButton } from './actions/again-buttons.tsx';
import { cancelJob, isCancelable } from './actions/job-actions.tsx';
import { useRunAgain } from './actions/run-again.ts';
import { CopyLink } from './copy-link.tsx';
import { JobDetails } from './job-details.tsx';
import { useListedJob } from './jobs.tsx';
import { useDeleted } from './use-deleted.ts';

/** The page of one job, with live updates. */
export function JobPage({ id }: { readonly id: string }) {
  const { job, error } = useVideoJob(id, { initialJob: useListedJob(id) });
  const isDeleted = useDeleted(id) || (error instanceof ReelgateError && error.code === 'NOT_FOUND');
  return (
    <main className="page">
      <p>
        <Link href="/">← All videos</Link>
      </p>
      {job !== null && !isDeleted ? (
        <OwnJob job={job} />
      ) : (
        <>
          <h1 className="visually-hidden">Video</h1>
          <p role="status">{isDeleted ? MISSING : (error?.message ?? 'Loading…')}</p>
        </>
      )}
    </main>
  );
}

const MISSING = 'This video does not exist, or it was deleted.';

function OwnJob({ job }: { readonly job: VideoJob }) {
  const again = useRunAgain(job);
  const gateway = useGateway();
  return (
    <JobDetails
      job={job}
      actions={
        <>
          <AgainButton job={job} again={again} seed="same" />
          <AgainButton job={job} again={again} seed="new" />
          {isCancelable(job) && (
            <button type="button" className="button" onClick={() => void cancelJob(gateway, job)}>
              Cancel
            </button>
          )}
        </>
      }
      menu={
        <span className="job-menu">
          <CopyLink />
          <ActionMenu job={job} again={again} />
        </span>
      }
    />
  );
}
