import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { VideoJobBase64Document, type VideoJobFieldsFragment } from '../../../client/documents.ts';
import { prefersReducedMotion } from '../ui/media.ts';
import { Download } from './download.tsx';
import { JobImage } from './job-image.tsx';

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
  return (
    <video
      src={url}
      poster={job.request.image}
      aria-label={`Video: ${job.request.prompt}`}
      controls
      loop
      muted
      playsInline
      autoPlay={plays}
      // A list of old videos fetches none of them before one is played.
      preload={autoPlay ? 'auto' : 'none'}
      onError={onBroken}
    />
  );
}

/** Its bytes come through the gateway, so they are fetched only when somebody wants to see them. */
function Base64Video({ job, autoPlay }: JobVideoProps) {
  const [wanted, setWanted] = useState(autoPlay);
  const { url, problem } = useBase64Url(job.id, !wanted);
  if (url !== null) {
    return (
      <>
        <Player job={job} url={url} autoPlay />
        <Download url={url} name={`${job.id}.mp4`} />
      </>
    );
  }
  return (
    <>
      <JobImage job={job} />
      <button
        type="button"
        className="button media-button"
        aria-disabled={wanted}
        onClick={() => setWanted(true)}
      >
        {problem ?? (wanted ? 'Loading…' : 'Load the video')}
      </button>
    </>
  );
}

function useBase64Url(id: string, skip: boolean): { url: string | null; problem: string | null } {
  // Kept out of the cache: it can be megabytes.
  const { data, error } = useQuery(VideoJobBase64Document, {
    variables: { id },
    skip,
    fetchPolicy: 'no-cache',
  });
  const video = data?.videoJob?.video;
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (video?.base64 == null) return undefined;
    const bytes = Uint8Array.from(atob(video.base64), (character) => character.codePointAt(0) ?? 0);
    const made = URL.createObjectURL(new Blob([bytes], { type: video.contentType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [video]);
  const gone = data !== undefined && video?.base64 == null;
  return { url, problem: error === undefined && !gone ? null : 'The video can’t be loaded.' };
}
