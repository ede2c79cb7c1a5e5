import { type GenerateInput, type Reelgate, ReelgateError, type VideoJob } from '@reelgate/client';
import { useEffect, useRef, useState } from 'react';
import { withActionDeadline } from '../../gateway/action-deadline.ts';
import { type Gateway, useGateway } from '../../gateway/gateway.tsx';
import { messageOf } from '../../ui/message-of.ts';
import { knownJobs, noteJobs } from '../known-jobs.ts';
import { shortTitle } from '../short-title.ts';
import { rememberStarted } from '../started-here.ts';
import { inputOf } from './snippets.ts';

/** Whether a job runs again with its own seed, which gives a similar video, or with a new one. */
export type SeedChoice = 'same' | 'new';

/** The state of running a job again, for the labels of its buttons. */
export interface RunAgain {
  readonly state: 'idle' | 'sending' | 'sent';
  readonly run: (seed: SeedChoice) => void;
}

/** A second click within this time after a job was accepted is a double click. */
const REPEAT_WINDOW_MS = 2000;

/** Sends a job's request again as a new job, once per click or double click. */
export function useRunAgain(job: VideoJob): RunAgain {
  const gateway = useGateway();
  const [state, setState] = useState<RunAgain['state']>('idle');
  // Kept until it is accepted: when the answer is lost, the next attempt has the same input, and so the same idempotency key.
  const newSeed = useRef<number>(null);
  useEffect(() => {
    if (state !== 'sent') return undefined;
    const timer = setTimeout(() => setState('idle'), REPEAT_WINDOW_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const send = async (seed: SeedChoice): Promise<void> => {
    setState('sending');
    newSeed.current ??= randomSeed();
    const input = seed === 'new' ? { ...inputOf(job), seed: newSeed.current } : inputOf(job);
    const isAccepted = await runAgain(gateway, job, input);
    if (isAccepted && seed === 'new') newSeed.current = null;
    setState(isAccepted ? 'sent' : 'idle');
  };
  return {
    state,
    run: (seed) => {
      if (state === 'idle') void send(seed);
    },
  };
}

const PERHAPS_SENT = 'If the gateway received the request nevertheless, the new video appears in the list.';

/** @returns whether it was accepted */
async function runAgain({ client, notices }: Gateway, job: VideoJob, input: GenerateInput): Promise<boolean> {
  const before = knownJobs();
  const isRepeat = input.seed === job.request.seed && job.failure !== null;
  try {
    const made = await withActionDeadline((signal) =>
      isRepeat ? repeatFailed(client, job.id, input, before, signal) : client.submit(input, { signal }),
    );
    const isOld = before.has(made.id) || made.version > 1;
    const text = isOld
      ? `It was already sent again${made.failure === null ? '' : ', and failed'}`
      : 'Sent again';
    rememberStarted(made.id, false);
    noteJobs([made]);
    notices.tell(`${text}: ${shortTitle(job)}`, { href: `/jobs/${made.id}`, text: 'Watch it' });
    return true;
  } catch (error) {
    const isAnswered = error instanceof ReelgateError;
    notices.fail(
      isAnswered ? `It was not sent again. ${messageOf(error)}` : `${messageOf(error)} ${PERHAPS_SENT}`,
    );
    return false;
  }
}

/**
 * Sends a failed job again. Every attempt has its own idempotency key, derived from the job, and the next one begins only when the job of
 * the attempt before was deleted, or had failed before the call. So tabs that do it at the same time make one job, and so does a page
 * that is loaded again after a lost answer.
 */
async function repeatFailed(
  client: Reelgate,
  id: string,
  input: GenerateInput,
  before: ReturnType<typeof knownJobs>,
  signal: AbortSignal,
): Promise<VideoJob> {
  for (let attempt = 1; ; attempt++) {
    const idempotencyKey = attempt === 1 ? `again-${id}` : `again-${id}-${attempt}`;
    try {
      const made = await client.submit({ ...input, idempotencyKey }, { signal });
      if (before.get(made.id) !== true) return made;
    } catch (error) {
      // Its job was deleted, but its key stays taken for a day.
      if (!isKeyTaken(error)) throw error;
    }
  }
}

function isKeyTaken(error: unknown): boolean {
  return error instanceof ReelgateError && error.issues.some(({ path }) => path[0] === 'idempotencyKey');
}

/** A seed from 0 to the maximum of GraphQL's Int. */
function randomSeed(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random >>> 1;
}
