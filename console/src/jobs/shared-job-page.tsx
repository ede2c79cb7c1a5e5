import { useVideoJob } from '@reelgate/client/react';
import { useGateway } from '../gateway/gateway.tsx';
import { type PageState, usePageState } from '../gateway/page-state.ts';
import { LiveRegion } from '../ui/announcer.tsx';
import { ConnectionStatus } from '../ui/connection-status.tsx';
import { UpstreamNote } from '../ui/upstream-note.tsx';
import { JobDetails } from './job-details.tsx';

/** The page of a shared link: one job, without anything that needs the owner's token. */
export function SharedJobPage({ id }: { readonly id: string }) {
  const { announcer } = useGateway();
  const state = usePageState();
  const isRefused = state === 'signed-out';
  return (
    <>
      <header>
        <div className="top">
          <span className="brand">Reelgate</span>
          {!isRefused && <ConnectionStatus />}
        </div>
        <UpstreamNote />
      </header>
      <main className="page">
        <Content id={id} state={state} />
      </main>
      <LiveRegion announcer={announcer} />
    </>
  );
}

function Content({ id, state }: { readonly id: string; readonly state: PageState }) {
  const { connection } = useGateway().client;
  const { job, error } = useVideoJob(id);
  if (job !== null) return <JobDetails job={job} />;
  if (state === 'refused') {
    return <p role="alert">The gateway does not answer this page. {connection.error?.message}</p>;
  }
  const isLoading = error === null && state !== 'signed-out';
  return (
    <>
      <h1 className={isLoading ? 'visually-hidden' : 'job-prompt'}>
        {isLoading ? 'Video' : 'This video is not available'}
      </h1>
      <p role="status">
        {isLoading ? 'Loading…' : 'The link has expired, or the video was deleted. Ask for a new link.'}
      </p>
    </>
  );
}
