import type { VideoJobFieldsFragment } from '@reelgate/client/documents';
import { useEffect, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { prefersReducedMotion } from '../ui/media.ts';
import { fetchBase64 } from './fetch-base64.ts';
import { JobImage } from './job-image.tsx';
import { shortTitle } from './short-title.ts';

interface JobVideoProps {
  readonly job: VideoJobFieldsFragment;
  /** Whether the video starts by itself, unless the user prefers reduced motion. */
  readonly autoPlay: boolean;
}

/** A completed job's video. */
export function JobVideo({ job, autoPlay }: JobVideoProps) {
  const [broken, setBroken] = useState(false);
  const url = job.video?.url ?? null;
  if (broken) {
    return (
      <div className="media-note" role="note">
        The video can’t be loaded now, or it no longer exists.
      </div>
    );
  }
  if (url === null) return <Base64Video job={job} autoPlay={autoPlay} />;
  return <Player job={job} url={url} autoPlay={autoPlay} onBroken={() => setBroken(true)} />;
}

interface PlayerProps extends JobVideoProps {
  readonly url: string;
  readonly onBroken?: () => void;
}

function Player({ job, url, autoPlay, onBroken }: PlayerProps) {
  const plays = autoPlay && !prefersReducedMotion();
  const [noPoster, setNoPoster] = useState(false);
  return (
    <>
      <video
        src={url}
        poster={noPoster ? undefined : job.request.image}
        aria-label={`Video: ${shortTitle(job)}`}
        controls
        loop
        muted
        playsInline
        autoPlay={plays}
        // Old videos load when they are played, or when there is no poster to show.
        preload={autoPlay ? 'auto' : noPoster ? 'metadata' : 'none'}
        onError={onBroken}
      />
      {/* A video element does not report that its poster failed to load; this image does. */}
      <img
        hidden
        src={job.request.image}
        alt=""
        referrerPolicy="no-referrer"
        onError={() => setNoPoster(true)}
      />
    </>
  );
}

/** A video stored by the gateway. It is fetched on request only, because its bytes pass through GraphQL. */
function Base64Video({ job, autoPlay }: JobVideoProps) {
  const [wanted, setWanted] = useState(autoPlay);
  const { url, isMissing } = useBase64Url(job.id, wanted);
  if (url !== null) return <Player job={job} url={url} autoPlay />;
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
  const { apollo } = useGateway();
  const [file, setFile] = useState<Blob | null | undefined>();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let isLeft = false;
    if (wanted) void fetchBase64(apollo, id).then((fetched) => (isLeft ? undefined : setFile(fetched)));
    return () => {
      isLeft = true;
    };
  }, [apollo, id, wanted]);
  useEffect(() => {
    if (file == null) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return { url, isMissing: file === null };
}
