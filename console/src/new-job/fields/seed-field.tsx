import { useId } from 'react';
import { type DraftSettings, MAX_INT, randomSeed } from '../drafts/draft.ts';
import { PARAMETERS } from '../parameters.ts';
import { Help } from './fields.tsx';

interface SeedFieldProps {
  readonly settings: DraftSettings;
  readonly error: string | null;
  readonly onChange: (change: Partial<DraftSettings>) => void;
}

/** The seed: a random one for each video, or one that stays. */
export function SeedField({ settings, error, onChange }: SeedFieldProps) {
  const id = useId();
  const { seed, isSeedPinned, variations } = settings;
  const last = Number(seed) + variations - 1;
  const range =
    variations > 1 && Number.isSafeInteger(last) ? ` The variations have the seeds ${seed} to ${last}.` : '';
  return (
    <div className="field">
      <label htmlFor={id}>Seed</label>
      <div className="row">
        <input
          id={id}
          type="number"
          name="seed"
          min={-MAX_INT}
          max={MAX_INT}
          step={1}
          required
          value={seed}
          aria-invalid={error !== null}
          aria-describedby={`${id}-help`}
          // A seed that was typed is meant to stay.
          onChange={({ target }) => onChange({ seed: target.value, isSeedPinned: true })}
        />
        <button
          type="button"
          className="button"
          onClick={() => onChange({ seed: randomSeed(Math.random), isSeedPinned: false })}
        >
          Random
        </button>
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={isSeedPinned}
          onChange={({ target }) => onChange({ isSeedPinned: target.checked })}
        />
        <span>Keep for the next video</span>
      </label>
      <Help id={`${id}-help`} help={`${PARAMETERS.seed.help}${range}`} error={error} />
    </div>
  );
}
