import type { VideoJob } from '@reelgate/client';
import { useEffect, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { usePageState } from '../gateway/page-state.ts';
import type { Playback } from '../video/playback.ts';
import { Preview } from '../video/preview.tsx';
import { Stage } from '../video/stage.tsx';
import { JobImage } from './job-image.tsx';
import { shortTitle } from './short-title.ts';

interface JobVideoProps {
  readonly job: VideoJob;
  /** Whether the video starts by itself, unless the user prefers reduced motion. */
  readonly autoPlay: boolean;
  /** Whether the place showed the job's image before. The image stays until the video can be seen. */
  readonly replacesImage: boolean;
  /** Controls a large video. Without it, the video is a preview in a list. */
  readonly playback?: Playback | undefined;
}

/** A completed job's video. */
export function JobVideo(props: JobVideoProps) {
  const url = props.job.video?.url ?? null;
  return url === null ? <Base64Video {...props} /> : <Player {...props} url={url} />;
}

function Player({ job, url, autoPlay, replacesImage, playback }: JobVideoProps & { readonly url: string }) {
  const [state, setState] = useState<'loading' | 'shown' | 'broken'>('loading');
  const isLive = usePageState() === 'connected';
  useEffect(() => {
    // Perhaps it broke because the gateway was away.
    if (isLive) setState((before) => (before === 'broken' ? 'loading' : before));
  }, [isLive]);
  if (state === 'broken') {
    return (
      <div className="media-note" role="note">
        The video can’t be loaded now, or it no longer exists.
      </div>
    );
  }
  const video = {
    url,
    title: shortTitle(job),
    autoPlay,
    onShown: () => setState('shown'),
    onBroken: () => setState('broken'),
  };
  return (
    <>
      {replacesImage && state === 'loading' && <JobImage job={job} />}
      {playback === undefined ? <Preview {...video} /> : <Stage {...video} playback={playback} />}
    </>
  );
}

/** A video stored by the gateway. It is fetched on request only, because its bytes pass through GraphQL. */
function Base64Video(props: JobVideoProps) {
  const { job, autoPlay } = props;
  const [wanted, setWanted] = useState(autoPlay);
  const { url, isMissing } = useBase64Url(job.id, wanted);
  if (url !== null) return <Player {...props} url={url} autoPlay />;
  return (
    <>
      <JobImage job={job} />
      <button
        type="button"
        className="button media-button"
        aria-disabled={wanted}
        onClick={() => setWanted(true)}
      >
        {isMissing ? 'The video can’t be loaded' : wanted ? 'Loading…' : 'Load the video'}
      </button>
    </>
  );
}

function useBase64Url(id: string, wanted: boolean): { url: string | null; isMissing: boolean } {
  const { client } = useGateway();
  const [file, setFile] = useState<Blob | null | undefined>();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const fetchFile = async (): Promise<void> => {
      const fetched = await client.videoBytes(id, leaving).catch(() => null);
      if (!leaving.signal.aborted) setFile(fetched);
    };
    if (wanted) void fetchFile();
    return () => leaving.abort();
  }, [client, id, wanted]);
  useEffect(() => {
    if (file == null) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return { url, isMissing: file === null };
}
