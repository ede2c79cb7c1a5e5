import type { VideoJob } from '@reelgate/client';
import { useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { shortTitle } from './short-title.ts';
import { fetchVideo, fileName, saveFile } from './video-file.ts';

/**
 * A button that saves a completed job's video. Browsers honour `download` only for the page's own origin, so the video is fetched
 * first. When the upstream's CORS headers do not allow that, the video opens in a new tab.
 */
export function Download({ job }: { readonly job: VideoJob }) {
  const { client, announcer } = useGateway();
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle');
  const press = async (): Promise<void> => {
    if (state === 'busy') return;
    setState('busy');
    const file = await fetchVideo(client, job);
    const url = job.video?.url ?? null;
    if (file !== null) saveFile(file, fileName(job));
    else if (url !== null) window.open(url, '_blank', 'noopener,noreferrer');
    else announcer.say('The video could not be fetched.');
    setState(file === null && url === null ? 'failed' : 'idle');
  };
  return (
    <button
      type="button"
      className="button"
      aria-disabled={state === 'busy'}
      aria-label={`Download: ${shortTitle(job)}`}
      onClick={() => void press()}
    >
      {{ idle: 'Download', busy: 'Downloading…', failed: 'Download failed. Try again' }[state]}
    </button>
  );
}
