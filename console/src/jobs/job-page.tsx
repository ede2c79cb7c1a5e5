import { ReelgateError, type VideoJob } from '@reelgate/client';
import { useVideoJob } from '@reelgate/client/react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { serverNow } from '../gateway/server-clock.ts';
import { costText } from '../gateway/upstream.ts';
import { useArrival } from '../ui/use-arrival.ts';
import { CopyLink } from './copy-link.tsx';
import { Download } from './download.tsx';
import { FailureText, TryAgain } from './failure.tsx';
import { useListedJob } from './jobs.tsx';
import { PageMedia } from './media.tsx';
import { Progress } from './progress.tsx';
import { StatusBadge } from './status-badge.tsx';
import { bytes, duration, moment } from './times.ts';
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
        <Job job={job} />
      ) : (
        <p role="status">{isDeleted ? MISSING : (error?.message ?? 'Loading…')}</p>
      )}
    </main>
  );
}

const MISSING = 'This video does not exist, or it was deleted.';

const UNKNOWN = '–';

function Job({ job }: { readonly job: VideoJob }) {
  const { request, video, failure, metrics } = job;
  const heading = useArrival(request.prompt);
  return (
    <article className="job" aria-labelledby="job-heading">
      <div className="job-main">
        <PageMedia job={job} />
        <div className="job-foot">
          {!job.isTerminal && <Progress job={job} />}
          {failure !== null && <FailureText failure={failure} />}
          {failure?.retryable === true && <TryAgain job={job} />}
          {video !== null && <Download job={job} />}
        </div>
      </div>
      <div>
        <div className="card-head">
          <StatusBadge status={job.status} />
          <CopyLink />
        </div>
        <h1 id="job-heading" className="job-prompt" ref={heading} tabIndex={-1}>
          {request.prompt}
        </h1>
        <dl className="facts">
          <Fact name="Started">{moment(job.createdAt, serverNow())}</Fact>
          {/* Every fact has a row from the start, so that the layout does not shift when a value becomes known. */}
          <Fact name="Took">
            {job.finishedAt === null
              ? UNKNOWN
              : duration(Date.parse(job.finishedAt) - Date.parse(job.createdAt))}
          </Fact>
          <Fact name="Cost">{metrics?.costUsd == null ? UNKNOWN : costText(metrics.costUsd)}</Fact>
          <Fact name="Size">{video?.byteLength == null ? UNKNOWN : bytes(video.byteLength)}</Fact>
          <Fact name="Longest side">{request.resolution.slice(1)} pixels</Fact>
          <Fact name="Length">{request.videoLength} s</Fact>
          <Fact name="Steps">{request.steps}</Fact>
          <Fact name="Seed">{request.seed}</Fact>
          <Fact name="Negative prompt">
            {request.negativePrompt === '' ? UNKNOWN : request.negativePrompt}
          </Fact>
          <Fact name="Image">
            <a href={request.image} target="_blank" rel="noreferrer">
              {request.image}
            </a>
          </Fact>
          <Fact name="Job">{job.id}</Fact>
          <Fact name="Upstream’s id">{job.upstreamRequestId ?? UNKNOWN}</Fact>
        </dl>
      </div>
    </article>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
