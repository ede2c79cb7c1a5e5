import { useEffect, useState } from 'react';
import type { VideoJobFieldsFragment } from '@reelgate/client/documents';
import { useGateway } from '../gateway/gateway.tsx';
import { prefersReducedMotion } from '../ui/media.ts';
import { fetchBase64 } from './fetch-base64.ts';
import { JobImage } from './job-image.tsx';
import { shortTitle } from './short-title.ts';

interface JobVideoProps {
  readonly job: VideoJobFieldsFragment;
  /** Whether it plays by itself; not where less motion is wanted. */
  readonly autoPlay: boolean;
}

/** A completed job's video, in the place of its image. */
export function JobVideo({ job, autoPlay }: JobVideoProps) {
  const [broken, setBroken] = useState(false);
  const url = job.video?.url ?? null;
  if (broken) {
    return (
      <div className="media-note" role="note">
        The video can’t be loaded. The upstream keeps videos for about seven days.
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
        // A list of old videos fetches none of them before one is played, unless there is nothing else to show.
        preload={autoPlay ? 'auto' : noPoster ? 'metadata' : 'none'}
        onError={onBroken}
      />
      {/* Nothing else tells that a poster can't be had. */}
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

/** Its bytes come through the gateway, so they are fetched only when somebody wants to see them. */
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
