import type { VideoJob } from '@reelgate/client';
import { memo } from 'react';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import { ActionMenu } from './actions/action-menu.tsx';
import { AgainButton, AgainButtons } from './actions/again-buttons.tsx';
import { cancelJob, isCancelable } from './actions/job-actions.tsx';
import { type RunAgain, useRunAgain } from './actions/run-again.ts';
import { Download } from './download.tsx';
import { CardMedia } from './media.tsx';
import { Progress } from './progress.tsx';
import { shortTitle } from './short-title.ts';
import { StatusBadge } from './status-badge.tsx';
import { bytes, duration, timeOfDay } from './times.ts';

interface JobCardProps {
  readonly job: VideoJob;
  /** Null: the user is not selecting jobs. */
  readonly isSelected: boolean | null;
  readonly onSelect: (id: string) => void;
}

/** One job of the list. It renders again only when this job changes. */
export const JobCard = memo(({ job, isSelected, onSelect }: JobCardProps) => {
  const again = useRunAgain(job);
  return (
    <article className="card" aria-labelledby={`prompt-${job.id}`} data-status={job.status}>
      <CardMedia job={job} />
      {isSelected !== null && (
        <label className="card-select">
          <input
            type="checkbox"
            aria-label={`Select: ${shortTitle(job)}`}
            checked={isSelected}
            onChange={() => onSelect(job.id)}
          />
        </label>
      )}
      {isCancelable(job) && <CancelButton job={job} />}
      <div className="card-body">
        <div className="card-head">
          <StatusBadge status={job.status} />
          <time className="muted" dateTime={job.createdAt}>
            {timeOfDay(job.createdAt)}
          </time>
          <Link href={`/jobs/${job.id}`} aria-label={`Details: ${shortTitle(job)}`}>
            Details
          </Link>
          <ActionMenu job={job} again={again} />
        </div>
        <h4 id={`prompt-${job.id}`} className="card-prompt" dir="auto">
          {job.request.prompt}
        </h4>
        <div className="card-foot">
          <Foot job={job} again={again} />
        </div>
      </div>
    </article>
  );
});

function CancelButton({ job }: { readonly job: VideoJob }) {
  const gateway = useGateway();
  return (
    <button
      type="button"
      className="button card-cancel"
      aria-label={`Cancel: ${shortTitle(job)}`}
      onClick={({ currentTarget }) => {
        // The button goes, and the keyboard focus with it.
        currentTarget.closest('article')?.querySelector<HTMLElement>('.card-head a')?.focus();
        void cancelJob(gateway, job);
      }}
    >
      Cancel
    </button>
  );
}

function Foot({ job, again }: { readonly job: VideoJob; readonly again: RunAgain }) {
  if (!job.isTerminal) return <Progress job={job} />;
  return (
    <>
      <p className="card-facts muted">{factsOf(job).join(' · ')}</p>
      {job.failure === null ? (
        <div className="actions">
          {job.video !== null && <Download job={job} />}
          <AgainButton job={job} again={again} seed="same" />
        </div>
      ) : (
        <AgainButtons job={job} again={again} />
      )}
    </>
  );
}

/** What differs between variations, first the seed. */
function factsOf({ request, video, failure, finishedAt, createdAt }: VideoJob): readonly string[] {
  return [
    `Seed ${request.seed}`,
    ...(finishedAt === null || failure !== null
      ? []
      : [`took ${duration(Date.parse(finishedAt) - Date.parse(createdAt))}`]),
    ...(video?.byteLength == null ? [] : [bytes(video.byteLength)]),
  ];
}
