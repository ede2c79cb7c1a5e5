import { useFragment } from '@apollo/client/react';
import { type VideoJobFieldsFragment, VideoJobFieldsFragmentDoc } from '@reelgate/client/documents';
import { WatchVideoJobError, watchVideoJob } from '@reelgate/client/watch-video-job';
import { type ReactNode, useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import { readJob, writeJob } from '../gateway/job-cache.ts';
import { serverNow } from '../gateway/server-clock.ts';
import { costText } from '../gateway/upstream.ts';
import { useStore } from '../ui/store.ts';
import { useArrival } from '../ui/use-arrival.ts';
import { CopyLink } from './copy-link.tsx';
import { Download } from './download.tsx';
import { FailureText, TryAgain } from './failure.tsx';
import { PageMedia } from './media.tsx';
import { Progress } from './progress.tsx';
import { StatusBadge } from './status-badge.tsx';
import { bytes, duration, moment } from './times.ts';

/** The page of one job, with live updates. */
export function JobPage({ id }: { readonly id: string }) {
  const { feed } = useGateway();
  const problem = useWatch(id);
  const isDeleted = useStore(feed.deleted).has(id);
  const { data: job, complete } = useFragment({
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
    from: { __typename: 'VideoJob', id },
  });
  return (
    <main className="page">
      <p>
        <Link href="/">← All videos</Link>
      </p>
      {complete && !isDeleted ? (
        <Job job={job} />
      ) : (
        <p role="status">{isDeleted ? MISSING : (problem ?? 'Loading…')}</p>
      )}
    </main>
  );
}

const MISSING = 'This video does not exist, or it was deleted.';

/** Writes updates of the job into the cache while the page is shown. @returns an error message, or null */
function useWatch(id: string): string | null {
  const { apollo, client, connection, feed } = useGateway();
  const signedOut = useStore(connection.state) === 'signed-out';
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const watch = async (): Promise<void> => {
      const known = readJob(apollo.cache, id);
      const updates = watchVideoJob(client, id, {
        signal: leaving.signal,
        sinceVersion: known?.version ?? 0,
      });
      for await (const job of updates) writeJob(apollo, job);
    };
    if (signedOut) return undefined;
    const start = (): void => {
      watch().catch((error: unknown) => {
        if (error instanceof WatchVideoJobError && error.code === 'NOT_FOUND') feed.remove([id]);
        else setProblem(problemOf(error));
      });
    };
    start();
    // The stream of a job that has ended is over, so whether the job was deleted meanwhile is asked again.
    const stop = connection.onConnected(() => {
      if (readJob(apollo.cache, id)?.isTerminal === true) start();
    });
    return () => {
      stop();
      leaving.abort();
    };
  }, [id, apollo, client, connection, feed, signedOut]);
  return problem;
}

function problemOf(error: unknown): string {
  return error instanceof WatchVideoJobError ? error.message : 'The video can’t be loaded now.';
}

const UNKNOWN = '–';

function Job({ job }: { readonly job: VideoJobFieldsFragment }) {
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
