import { useCallback, useEffect, useMemo, useState } from 'react';
import type { CompletedVideoJob, GenerateInput } from '../types.ts';
import { Generation, type GenerationState, IDLE } from './generation.ts';
import { useReelgate } from './provider.ts';

export interface GenerateVideoState extends GenerationState {
  /**
   * Sends a request and resolves with the completed job. Rejections are also in `error`, so they need not be handled. A new call stops
   * watching the job before, whose promise rejects with an AbortError.
   */
  readonly generate: (input: GenerateInput) => Promise<CompletedVideoJob>;
  /**
   * Stops the upload or the submission; an accepted job is canceled, if the gateway still can. A submission that has already arrived at
   * the gateway is still made, and paid: `error` is an AbortError then, and the job is in the list.
   */
  readonly cancel: () => void;
  /** Forgets the job and the error. The job continues. */
  readonly reset: () => void;
}

/**
 * Generates a video and follows it. When the component is removed, a request that is not accepted yet is still sent. A component that
 * `Activity` hides watches its job no longer, and goes on when it is shown again; the promise of `generate` rejects with an AbortError.
 */
export function useGenerateVideo(): GenerateVideoState {
  const client = useReelgate();
  const [shown, setShown] = useState(IDLE);
  const [generation] = useState(() => new Generation(setShown));
  useEffect(generation.attach, [generation]);
  const generate = useCallback(
    (input: GenerateInput) => generation.generate(client, input),
    [client, generation],
  );

  return useMemo(
    () => ({ ...shown, generate, cancel: generation.cancel, reset: generation.reset }),
    [shown, generate, generation],
  );
}
