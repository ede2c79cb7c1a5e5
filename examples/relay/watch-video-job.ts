import { type IEnvironment, requestSubscription } from 'relay-runtime';
import { observeFragment } from 'relay-runtime/experimental.js';
import { Backoff } from '../backoff.ts';
import videoJobState, {
  type videoJobState$data,
  type videoJobState$key,
} from './__generated__/videoJobState.graphql.ts';
import updatedSubscription, {
  type videoJobUpdatedSubscription as Updated,
} from './__generated__/videoJobUpdatedSubscription.graphql.ts';
import { isPassing } from './gateway-error.ts';

/** Updates the job in the store until it is terminal. Views read the store. */
export async function watchVideoJob(environment: IEnvironment, id: string): Promise<void> {
  let sinceVersion = 0;
  let isTerminal = false;
  const backoff = new Backoff();
  const onNext = ({ videoJobUpdated: job }: Updated['response']) => {
    sinceVersion = job.version;
    isTerminal = job.isTerminal;
    backoff.reset();
  };
  for (;;) {
    try {
      await subscribe(environment, { id, sinceVersion }, onNext);
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    // A stream may end before the job does, for example when the gateway restarts.
    if (isTerminal) return;
    await backoff.pause('The stream ended.');
  }
}

/** Resolves when the stream completes. */
function subscribe(
  environment: IEnvironment,
  variables: Updated['variables'],
  onNext: (response: Updated['response']) => void,
) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  requestSubscription<Updated>(environment, {
    subscription: updatedSubscription,
    variables,
    onNext: (response) => {
      if (response != null) onNext(response);
    },
    onCompleted: resolve,
    onError: reject,
  });
  return promise;
}

/** Reports the job's state in the store, now and after each change, as `useFragment` does in a component. */
export function observeVideoJob(
  environment: IEnvironment,
  job: videoJobState$key,
  onState: (state: videoJobState$data) => void,
): void {
  observeFragment(environment, videoJobState, job).subscribe({
    next: (fragment) => {
      if (fragment.state === 'ok') onState(fragment.value);
    },
  });
}
