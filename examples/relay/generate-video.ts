import { commitMutation, type IEnvironment } from 'relay-runtime';
import { Backoff } from '../backoff.ts';
import generateVideoMutation, {
  type GenerateVideoInput,
  type videoJobGenerateMutation,
} from './__generated__/videoJobGenerateMutation.graphql.ts';
import { isPassing } from './gateway-error.ts';

/**
 * Sends a request until it is answered. The idempotency key makes one job of all attempts.
 *
 * @returns the job's id, and the reference by which components read it from the store
 */
export async function generateVideo(environment: IEnvironment, input: GenerateVideoInput) {
  const backoff = new Backoff();
  for (;;) {
    try {
      const { generateVideo: result } = await commit(environment, { input });
      if (result?.job != null) return result.job;
      throw new Refusal(result?.message);
    } catch (error) {
      if (error instanceof Refusal || !isPassing(error)) throw error;
      await backoff.pause(String(error));
    }
  }
}

class Refusal extends Error {}

function commit(environment: IEnvironment, variables: videoJobGenerateMutation['variables']) {
  const { promise, resolve, reject } = Promise.withResolvers<videoJobGenerateMutation['response']>();
  commitMutation<videoJobGenerateMutation>(environment, {
    mutation: generateVideoMutation,
    variables,
    onCompleted: resolve,
    onError: reject,
  });
  return promise;
}
