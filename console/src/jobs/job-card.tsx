import type { VideoJob } from '@reelgate/client';
import { memo } from 'react';
import { Link } from 'wouter';
import { serverNow } from '../gateway/server-clock.ts';
import { Download } from './download.tsx';
import { TryAgain } from './failure.tsx';
import { CardMedia } from './media.tsx';
import { Progress } from './progress.tsx';
import { shortTitle } from './short-title.ts';
import { StatusBadge } from './status-badge.tsx';
import { bytes, duration, moment } from './times.ts';

/** One job of the list. It renders again only when this job changes. */
export const JobCard = memo(({ job }: { readonly job: VideoJob }) => {
  return (
    <article className="card" aria-labelledby={`prompt-${job.id}`} data-status={job.status}>
      <CardMedia job={job} />
      <div className="card-body">
        <div className="card-head">
          <StatusBadge status={job.status} />
          <time className="muted" dateTime={job.createdAt}>
            {moment(job.createdAt, serverNow())}
          </time>
          <Link href={`/jobs/${job.id}`} aria-label={`Details: ${shortTitle(job)}`}>
            Details
          </Link>
        </div>
        <h3 id={`prompt-${job.id}`} className="card-prompt">
          {job.request.prompt}
        </h3>
        <div className="card-foot">
          <Foot job={job} />
        </div>
      </div>
    </article>
  );
});

function Foot({ job }: { readonly job: VideoJob }) {
  if (job.failure !== null) return job.failure.retryable && <TryAgain job={job} />;
  if (!job.isTerminal) return <Progress job={job} />;
  const { video, finishedAt, createdAt } = job;
  const facts = [
    finishedAt === null ? null : `took ${duration(Date.parse(finishedAt) - Date.parse(createdAt))}`,
    video?.byteLength == null ? null : bytes(video.byteLength),
  ].filter((fact) => fact !== null);
  return (
    <>
      <p className="muted">{facts.join(' · ')}</p>
      {video !== null && <Download job={job} />}
    </>
  );
}
