import type { VideoJob } from '@reelgate/client';
import { useState } from 'react';
import { Playback } from '../video/playback.ts';
import { PlayerBar } from '../video/player-bar.tsx';
import { FailureText } from './failure.tsx';
import { JobImage } from './job-image.tsx';
import { JobVideo } from './job-video.tsx';
import { startedHere } from './started-here.ts';

interface MediaProps {
  readonly job: VideoJob;
}

/** The image of a card, or the video once it is ready, or why there is none. */
export function CardMedia({ job }: MediaProps) {
  const wasUnfinished = useWasUnfinished(job);
  return (
    <div className="media">
      {job.status === 'COMPLETED' ? (
        <JobVideo job={job} autoPlay={wasUnfinished && startedHere(job.id)} replacesImage={wasUnfinished} />
      ) : job.failure === null ? (
        <JobImage job={job} />
      ) : (
        <FailureText failure={job.failure} />
      )}
    </div>
  );
}

/** The image of a job's page, or the video with its controls once it is ready. */
export function PageMedia({ job }: MediaProps) {
  const [playback] = useState(() => new Playback());
  return (
    <div>
      <LargeMedia job={job} playback={playback} />
      {/* It has its space from the start, so that the layout does not shift. */}
      <div className="player-place">{job.status === 'COMPLETED' && <PlayerBar playback={playback} />}</div>
    </div>
  );
}

/** The image or the video in a large size. The video has no controls of its own. */
export function LargeMedia({ job, playback }: MediaProps & { readonly playback: Playback }) {
  const wasUnfinished = useWasUnfinished(job);
  return (
    <div className="media">
      {job.status === 'COMPLETED' ? (
        <JobVideo job={job} autoPlay={wasUnfinished} replacesImage={wasUnfinished} playback={playback} />
      ) : (
        <JobImage job={job} />
      )}
    </div>
  );
}

/** Whether the job was unfinished when it appeared here. A video that was ready before does not play by itself. */
function useWasUnfinished(job: VideoJob): boolean {
  const [wasUnfinished] = useState(!job.isTerminal);
  return wasUnfinished;
}
