import type { ApolloClient } from '@apollo/client';
import { GenerateVideoDocument, type GenerateVideoInput } from '@reelgate/client/documents';
import { addToList } from '../gateway/job-cache.ts';
import { rememberStarted } from '../jobs/started-here.ts';

/** The result of sending a job. */
export type GenerateOutcome =
  | { readonly type: 'accepted'; readonly id: string; readonly deduplicated: boolean }
  /** `issues`: error messages by field name. */
  | { readonly type: 'invalid'; readonly message: string; readonly issues: ReadonlyMap<string, string> }
  | { readonly type: 'refused'; readonly message: string };

/** Sends a job and adds it to the list. Never throws. */
export async function generateVideo(
  apollo: ApolloClient,
  input: GenerateVideoInput,
): Promise<GenerateOutcome> {
  try {
    const { data } = await apollo.mutate({ mutation: GenerateVideoDocument, variables: { input } });
    const result = data?.generateVideo;
    switch (result?.__typename) {
      case 'GenerateVideoSuccess':
        rememberStarted(result.job.id);
        addToList(apollo, result.job.id);
        return { type: 'accepted', id: result.job.id, deduplicated: result.deduplicated };
      case 'GenerateVideoInvalidInput': {
        const issues = new Map(result.issues.map(({ path, message }) => [path[0] ?? '', `It ${message}.`]));
        return { type: 'invalid', message: 'Correct the marked fields.', issues };
      }
      case 'GenerateVideoCapacityExceeded':
        return { type: 'refused', message: `${result.message} (In ${result.retryAfterSeconds} s.)` };
      case 'GenerateVideoIdempotencyConflict':
        return { type: 'refused', message: result.message };
      case undefined:
        return {
          type: 'refused',
          message: 'The gateway sent no result. Try again: no second job is created.',
        };
    }
  } catch (error) {
    return { type: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
}
