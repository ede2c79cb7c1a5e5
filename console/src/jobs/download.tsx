import type { Reelgate, VideoJob } from '@reelgate/client';
import { useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { shortTitle } from './short-title.ts';

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
    if (file !== null) save(file, fileName(job));
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

async function fetchVideo(client: Reelgate, { id, video }: VideoJob): Promise<Blob | null> {
  if (video?.url == null) return client.videoBytes(id).catch(() => null);
  return fetch(video.url, { referrerPolicy: 'no-referrer' })
    .then((answer) => (answer.ok ? answer.blob() : null))
    .catch(() => null);
}

/** Letters and digits of the prompt; the job's id when the prompt has none. */
function fileName(job: VideoJob): string {
  const words = shortTitle(job)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${words === '' ? job.id : words}.mp4`;
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has started by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
