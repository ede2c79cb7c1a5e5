import { useVideoJob } from '@reelgate/client/react';
import { useGateway } from '../gateway/gateway.tsx';
import { usePageState } from '../gateway/page-state.ts';
import { LiveRegion } from '../ui/announcer.tsx';
import { ConnectionStatus } from '../ui/connection-status.tsx';
import { UpstreamNote } from '../ui/upstream-note.tsx';
import { JobDetails } from './job-details.tsx';

/** The page of a shared link: one job, without anything that needs the owner's token. */
export function SharedJobPage({ id }: { readonly id: string }) {
  const { announcer } = useGateway();
  return (
    <>
      <header className="top">
        <span className="brand">Reelgate</span>
        <ConnectionStatus />
      </header>
      <UpstreamNote />
      <main className="page">
        <Content id={id} />
      </main>
      <LiveRegion announcer={announcer} />
    </>
  );
}

function Content({ id }: { readonly id: string }) {
  const { job, error } = useVideoJob(id);
  const isRefused = usePageState() === 'signed-out';
  if (job !== null) return <JobDetails job={job} />;
  const isLoading = error === null && !isRefused;
  return <p role="status">{isLoading ? 'Loading…' : 'This link has expired, or the video was deleted.'}</p>;
}
