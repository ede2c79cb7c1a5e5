import type { VideoJob } from '@reelgate/client';
import { CHARGE_TEXTS, FAILURE_TITLES } from './failure-texts.ts';

type Failure = NonNullable<VideoJob['failure']>;

/** The reason of a failure and its cost. */
export function FailureText({ failure }: { readonly failure: Failure }) {
  return (
    <div className="failure">
      <strong>{FAILURE_TITLES[failure.code]}</strong>
      <p className="failure-message">{failure.message}</p>
      <p className="muted">{CHARGE_TEXTS[failure.charged]}</p>
    </div>
  );
}
