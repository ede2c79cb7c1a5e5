import { ReelgateError, type VideoJob } from '@reelgate/client';
import { useVideoJob } from '@reelgate/client/react';
import { useGateway } from '../gateway/gateway.tsx';
import { useArrival } from '../ui/use-arrival.ts';
import { ActionMenu } from './actions/action-menu.tsx';
import { AgainButton } from './actions/again-buttons.tsx';
import { cancelJob, isCancelable } from './actions/job-actions.tsx';
import { useRunAgain } from './actions/run-again.ts';
import { BackLink } from './back-link.tsx';
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
      <BackLink />
      {isDeleted ? (
        <Missing />
      ) : job === null ? (
        <>
          <h1 className="visually-hidden">Video</h1>
          <p role="status">{error?.message ?? 'Loading…'}</p>
        </>
      ) : (
        <OwnJob job={job} />
      )}
    </main>
  );
}

/** The heading takes the keyboard focus, which was lost with the job's buttons. */
function Missing() {
  const heading = useArrival('No video');
  return (
    <>
      <h1 ref={heading} tabIndex={-1} className="job-prompt">
        No video
      </h1>
      <p role="status">This video does not exist, or it was deleted.</p>
    </>
  );
}

function OwnJob({ job }: { readonly job: VideoJob }) {
  const again = useRunAgain(job);
  const gateway = useGateway();
  const cancel = (): void => {
    // The button goes, and the keyboard focus with it.
    document.querySelector<HTMLElement>('#job-heading')?.focus();
    void cancelJob(gateway, job);
  };
  return (
    <JobDetails
      job={job}
      actions={
        <>
          <AgainButton job={job} again={again} seed="same" />
          <AgainButton job={job} again={again} seed="new" />
          {isCancelable(job) && (
            <button type="button" className="button" onClick={cancel}>
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
