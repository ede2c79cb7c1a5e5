import type { VideoJob } from '@reelgate/client';
import type { ReactNode } from 'react';
import { serverNow } from '../gateway/server-clock.ts';
import { costText } from '../gateway/upstream.ts';
import { useArrival } from '../ui/use-arrival.ts';
import { Download } from './download.tsx';
import { FailureText } from './failure.tsx';
import { PageMedia } from './media.tsx';
import { Progress } from './progress.tsx';
import { StatusBadge } from './status-badge.tsx';
import { bytes, duration, moment } from './times.ts';

const UNKNOWN = '–';
/** A longer prompt, in characters, has the size of usual text. */
const LONG = 150;

interface JobDetailsProps {
  readonly job: VideoJob;
  /** Buttons for the owner. */
  readonly actions?: ReactNode;
  readonly menu?: ReactNode;
}

/** A job with all that is known of it. */
export function JobDetails({ job, actions, menu }: JobDetailsProps) {
  const { request, video, failure, metrics } = job;
  const heading = useArrival(request.prompt);
  return (
    <article className="job" aria-labelledby="job-heading">
      <div className="job-main">
        <PageMedia job={job} />
        <div className="job-foot">
          {/* Before the progress, which goes: so the buttons do not move. */}
          <div className="actions">
            {actions}
            {video !== null && <Download job={job} />}
          </div>
          {!job.isTerminal && <Progress job={job} />}
          {failure !== null && <FailureText failure={failure} />}
        </div>
      </div>
      <div>
        <div className="card-head">
          <StatusBadge status={job.status} />
          {menu}
        </div>
        <h1
          id="job-heading"
          className={request.prompt.length > LONG ? 'job-prompt long' : 'job-prompt'}
          ref={heading}
          tabIndex={-1}
        >
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
