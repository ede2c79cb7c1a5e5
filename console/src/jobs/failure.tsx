import type { VideoJob } from '@reelgate/client';
import { useState } from 'react';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import { type GenerateOutcome, generateVideo } from '../new-job/generate-video.ts';
import { CHARGE_TEXTS, FAILURE_TITLES } from './failure-texts.ts';
import { shortTitle } from './short-title.ts';

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

/** Sends a failed job's input as a new job. Its idempotency key makes repeated clicks, also in other tabs, the same job. */
export function TryAgain({ job }: { readonly job: VideoJob }) {
  const { client, announcer } = useGateway();
  const [isSending, setSending] = useState(false);
  const [outcome, setOutcome] = useState<GenerateOutcome | null>(null);
  const press = async (): Promise<void> => {
    if (isSending) return;
    setSending(true);
    const { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = job.request;
    const input = { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 };
    const result = await generateVideo(client, { ...input, idempotencyKey: `again-${job.id}` });
    setSending(false);
    setOutcome(result);
    announcer.say(
      result.type === 'accepted' ? AGAIN[result.deduplicated ? 'before' : 'now'] : result.message,
    );
  };
  if (outcome?.type === 'accepted') {
    return (
      <p>
        {AGAIN[outcome.deduplicated ? 'before' : 'now']} <Link href={`/jobs/${outcome.id}`}>Watch it</Link>
      </p>
    );
  }
  return (
    <div className="actions">
      <button
        type="button"
        className="button"
        aria-disabled={isSending}
        aria-label={`Try again: ${shortTitle(job)}`}
        onClick={() => void press()}
      >
        {isSending ? 'Sending…' : 'Try again'}
      </button>
      {outcome !== null && <span className="field-error">{outcome.message}</span>}
    </div>
  );
}

const AGAIN = { now: 'Sent again.', before: 'It was already sent again.' } as const;
