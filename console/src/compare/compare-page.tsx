import { ReelgateError, type VideoJob } from '@reelgate/client';
import { useVideoJob } from '@reelgate/client/react';
import { useState } from 'react';
import { Link } from 'wouter';
import { BackLink } from '../jobs/back-link.tsx';
import { FailureText } from '../jobs/failure.tsx';
import { useListedJob } from '../jobs/jobs.tsx';
import { LargeMedia } from '../jobs/media.tsx';
import { Progress } from '../jobs/progress.tsx';
import { shortTitle } from '../jobs/short-title.ts';
import { StatusBadge } from '../jobs/status-badge.tsx';
import { useDeleted } from '../jobs/use-deleted.ts';
import { useArrival } from '../ui/use-arrival.ts';
import { Playback } from '../video/playback.ts';
import { PlayerBar } from '../video/player-bar.tsx';
import { SettingsTable } from './settings-table.tsx';

interface ComparePageProps {
  /** The ids of the jobs. */
  readonly one: string;
  readonly other: string;
}

/** Two videos side by side, played in step, and how their settings differ. Both are live. */
export function ComparePage({ one, other }: ComparePageProps) {
  const [playback] = useState(() => new Playback());
  const heading = useArrival('Two videos side by side');
  const sides = [useSide(one), useSide(other)] as const;
  const [first, second] = sides.map(({ job }) => job);
  const isPlayable = sides.some(({ job }) => job?.status === 'COMPLETED');
  return (
    <main className="page">
      <BackLink />
      <h1 ref={heading} tabIndex={-1} className="compare-heading">
        Two videos side by side
      </h1>
      <div>
        <div className="compare">
          {sides.map(({ job, problem }, index) => (
            <section key={index} aria-label={SIDES[index]}>
              {job === null ? (
                <div className="media">
                  <p role="status" className="media-note">
                    {problem ?? 'Loading…'}
                  </p>
                </div>
              ) : (
                <Side job={job} playback={playback} />
              )}
            </section>
          ))}
        </div>
        <div className="player-place">{isPlayable && <PlayerBar playback={playback} />}</div>
      </div>
      {first != null && second != null && <SettingsTable first={first} second={second} />}
    </main>
  );
}

/** The names of the places, which are side by side or one below the other. */
const SIDES = ['First video', 'Second video'] as const;

function Side({ job, playback }: { readonly job: VideoJob; readonly playback: Playback }) {
  return (
    <>
      <LargeMedia job={job} playback={playback} />
      <div className="compare-foot">
        <div className="card-head">
          <StatusBadge status={job.status} />
          <Link href={`/jobs/${job.id}`} aria-label={`Details: ${shortTitle(job)}, seed ${job.request.seed}`}>
            Details
          </Link>
        </div>
        {!job.isTerminal && <Progress job={job} />}
        {job.failure !== null && <FailureText failure={job.failure} />}
      </div>
    </>
  );
}

function useSide(id: string): { readonly job: VideoJob | null; readonly problem: string | null } {
  const { job, error } = useVideoJob(id, { initialJob: useListedJob(id) });
  const isDeleted = useDeleted(id) || (error instanceof ReelgateError && error.code === 'NOT_FOUND');
  if (isDeleted) return { job: null, problem: 'This video does not exist, or it was deleted.' };
  return { job, problem: error?.message ?? null };
}
