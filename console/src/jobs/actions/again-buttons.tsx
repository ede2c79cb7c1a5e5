import type { VideoJob } from '@reelgate/client';
import { shortTitle } from '../short-title.ts';
import type { RunAgain, SeedChoice } from './run-again.ts';

interface AgainButtonsProps {
  readonly job: VideoJob;
  readonly again: RunAgain;
}

const LABELS: Readonly<Record<SeedChoice, string>> = { same: 'Run again', new: 'New seed' };
const NAMES: Readonly<Record<SeedChoice, string>> = { same: 'Run again', new: 'Run again with a new seed' };

/** Runs a job again, as it was or with a new seed. */
export function AgainButtons({ job, again }: AgainButtonsProps) {
  return (
    <div className="actions">
      <AgainButton job={job} again={again} seed="same" />
      <AgainButton job={job} again={again} seed="new" />
    </div>
  );
}

export function AgainButton({ job, again, seed }: AgainButtonsProps & { readonly seed: SeedChoice }) {
  return (
    <button
      type="button"
      className="button"
      aria-disabled={again.state !== 'idle'}
      aria-label={`${NAMES[seed]}: ${shortTitle(job)}`}
      onClick={() => again.run(seed)}
    >
      {LABELS[seed]}
    </button>
  );
}
