import { useState } from 'react';
import type { VideoJobFieldsFragment } from '../../../client/documents.ts';
import { generateVideo } from '../new-job/generate-video.ts';
import { useGateway } from '../gateway/gateway.tsx';
import { CHARGE_TEXTS, FAILURE_TITLES } from './failure-texts.ts';

type Failure = NonNullable<VideoJobFieldsFragment['failure']>;

/** What happened, and what it cost. */
export function FailureText({ failure }: { readonly failure: Failure }) {
  return (
    <div className="failure">
      <strong>{FAILURE_TITLES[failure.code]}</strong>
      <p className="failure-message" title={failure.message}>
        {failure.message}
      </p>
      <p className="muted">{CHARGE_TEXTS[failure.charged]}</p>
    </div>
  );
}

/** Sends a failed job's input as a new job: the same one however often it is pressed, in however many tabs. */
export function TryAgain({ job }: { readonly job: VideoJobFieldsFragment }) {
  const { apollo, announcer } = useGateway();
  const [state, setState] = useState<'idle' | 'sending' | 'sent'>('idle');
  const [problem, setProblem] = useState<string | null>(null);
  const press = async (): Promise<void> => {
    if (state !== 'idle') return;
    setState('sending');
    setProblem(null);
    const { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = job.request;
    const input = { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 };
    const outcome = await generateVideo(apollo, { ...input, idempotencyKey: `again-${job.id}` });
    if (outcome.type === 'accepted') return setState('sent');
    announcer.say(outcome.message);
    setProblem(outcome.message);
    setState('idle');
  };
  return (
    <>
      <button type="button" className="button" aria-disabled={state !== 'idle'} onClick={() => void press()}>
        {{ idle: 'Try again', sending: 'Sending…', sent: 'Sent again' }[state]}
      </button>
      {problem !== null && <span className="field-error">{problem}</span>}
    </>
  );
}
