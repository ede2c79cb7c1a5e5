import type { VideoJob } from '@reelgate/client';
import { useState } from 'react';

/** The input image of a job. */
export function JobImage({ job }: { readonly job: VideoJob }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <div className="media-note">The image can’t be shown here.</div>;
  return (
    <img
      src={job.request.image}
      alt=""
      loading="lazy"
      decoding="async"
      referrerPolicy="no-referrer"
      onError={() => setBroken(true)}
    />
  );
}
