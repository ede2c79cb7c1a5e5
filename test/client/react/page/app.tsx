import type { Reelgate, VideoJob } from '@reelgate/client';
import { ReelgateProvider, useGenerateVideo, useVideoJob, useVideoJobs } from '@reelgate/client/react';
import { Activity, memo, useLayoutEffect, useState } from 'react';

/** What the page shows. */
export interface AppProps {
  readonly client: Reelgate;
  readonly view: 'job' | 'list' | 'generate';
  readonly id?: string | null;
  readonly initialJob?: VideoJob | null;
}

/** A page with one use of the hooks, a button that removes it, and one that hides it for a while. */
export function App({ client, ...view }: AppProps) {
  const [isShown, setIsShown] = useState(true);
  const [isActive, setIsActive] = useState(true);
  return (
    <ReelgateProvider client={client}>
      <button type="button" onClick={() => setIsShown(!isShown)}>
        {isShown ? 'Hide' : 'Show'}
      </button>
      <button type="button" onClick={() => setIsActive(!isActive)}>
        {isActive ? 'Pause' : 'Resume'}
      </button>
      <Activity mode={isActive ? 'visible' : 'hidden'}>{isShown && <View {...view} />}</Activity>
    </ReelgateProvider>
  );
}

function View({ view, id = null, initialJob = null }: Omit<AppProps, 'client'>) {
  switch (view) {
    case 'job':
      return (
        <>
          <JobLine name="one" id={id} initialJob={initialJob} />
          <JobLine name="other" id={id} initialJob={initialJob} />
          <Tearing />
        </>
      );
    case 'list':
      return <List />;
    case 'generate':
      return <Generate />;
  }
}

function JobLine({
  name,
  id,
  initialJob,
}: {
  readonly name: string;
  readonly id: string | null;
  readonly initialJob: VideoJob | null;
}) {
  const { job, error, isLoading } = useVideoJob(id, { initialJob });
  const text = isLoading ? 'loading' : (error?.message ?? textOf(job));
  return <p data-testid={name}>{text}</p>;
}

/** Counts the commits in which the two components before it show different texts. */
function Tearing() {
  useLayoutEffect(() => {
    const count = (): void => {
      const [one, other] = document.querySelectorAll('p');
      if (one?.textContent !== other?.textContent) document.body.dataset['torn'] = 'yes';
    };
    const observer = new MutationObserver(count);
    observer.observe(document.body, { subtree: true, characterData: true });
    return () => observer.disconnect();
  });
  return null;
}

function textOf(job: VideoJob | null): string {
  return job === null ? 'no job' : `${job.request.prompt}: ${job.status} ${job.version}`;
}

function List() {
  const [hasFilter, setHasFilter] = useState(false);
  const [changes, setChanges] = useState<readonly string[]>([]);
  // A new object at each rendering.
  const { jobs, isLoading, hasMore, loadMore, error } = useVideoJobs({
    pageSize: 3,
    filter: hasFilter ? { status: ['COMPLETED'] } : { status: null },
    onUpdate: (job, before) => setChanges([...changes, `${before?.status ?? 'new'} ${job.status}`]),
    onDelete: (job) => setChanges([...changes, `deleted ${job.request.prompt}`]),
  });
  return (
    <main data-state={isLoading ? 'loading' : 'ready'}>
      {error !== null && <p role="alert">{error.message}</p>}
      <button type="button" onClick={() => setHasFilter(!hasFilter)}>
        Filter
      </button>
      <ul>
        {jobs.map((job) => (
          <Card key={job.id} job={job} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" onClick={() => void loadMore()}>
          More
        </button>
      )}
      <output>{changes.join(', ')}</output>
    </main>
  );
}

/** A memoised card that counts how often it is rendered. */
const Card = memo(function Card({ job }: { readonly job: VideoJob }) {
  const counts: Record<string, number> = (window.renderings ??= {});
  useLayoutEffect(() => {
    counts[job.request.prompt] = (counts[job.request.prompt] ?? 0) + 1;
  });
  return <li>{textOf(job)}</li>;
});

function Generate() {
  const { generate, status, uploadProgress, job, error, cancel, reset } = useGenerateVideo();
  const [result, setResult] = useState('');
  const start = async (prompt: string): Promise<void> => {
    await generate({ image: await noise(), prompt }).then(
      (completed) => setResult(`resolved ${completed.video.url}`),
      (reason: Error) => setResult(`rejected ${reason.name}`),
    );
  };
  return (
    <main>
      <button type="button" onClick={() => void start('first')}>
        Generate
      </button>
      <button type="button" onClick={() => void start('second')}>
        Generate another
      </button>
      <button
        type="button"
        onClick={() => void generate({ image: 'https://example.com/cat.png', prompt: '' })}
      >
        Generate nothing
      </button>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
      <button type="button" onClick={reset}>
        Reset
      </button>
      <p data-testid="status">{status}</p>
      <p data-testid="progress">
        {uploadProgress === null ? 'none' : `${Math.round(uploadProgress * 100)} %`}
      </p>
      <p data-testid="job">{textOf(job)}</p>
      <p data-testid="error">{error === null ? 'none' : `${error.name}: ${error.message}`}</p>
      <p data-testid="result">{result}</p>
    </main>
  );
}

/** A PNG of about a megabyte. */
async function noise(): Promise<Blob> {
  const canvas = new OffscreenCanvas(512, 512);
  const pixels = new ImageData(512, 512);
  for (let at = 0; at < pixels.data.length; at += 65_536)
    crypto.getRandomValues(pixels.data.subarray(at, at + 65_536));
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas.convertToBlob();
}

declare global {
  interface Window {
    /** How often each card was rendered, by prompt. */
    renderings?: Record<string, number>;
  }
}
