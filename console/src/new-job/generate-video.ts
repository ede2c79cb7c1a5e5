import { type GenerateInput, type Reelgate, ReelgateError } from '@reelgate/client';
import { rememberStarted, startedHere } from '../jobs/started-here.ts';

/** The result of sending a job. */
export type GenerateOutcome =
  /** `deduplicated`: this page had sent the same request before. */
  | { readonly type: 'accepted'; readonly id: string; readonly deduplicated: boolean }
  /** `issues`: error messages by field name. */
  | { readonly type: 'invalid'; readonly message: string; readonly issues: ReadonlyMap<string, string> }
  | { readonly type: 'refused'; readonly message: string };

/** Sends a job. Never throws. */
export async function generateVideo(client: Reelgate, input: GenerateInput): Promise<GenerateOutcome> {
  try {
    const { id } = await client.submit(input);
    const deduplicated = startedHere(id);
    rememberStarted(id);
    return { type: 'accepted', id, deduplicated };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): GenerateOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ReelgateError)) return { type: 'refused', message };
  if (error.issues.length > 0) {
    const issues = new Map(error.issues.map((issue) => [issue.path[0] ?? '', `It ${issue.message}.`]));
    return { type: 'invalid', message: 'Correct the marked fields.', issues };
  }
  const { retryAfterSeconds } = error;
  return {
    type: 'refused',
    message: retryAfterSeconds === null ? message : `${message} (In ${retryAfterSeconds} s.)`,
  };
}
