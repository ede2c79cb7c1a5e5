import { GraphQLError } from 'graphql';
import { requireOwner } from './access.ts';
import type { GraphQLContext } from './context.ts';

/** Seconds for which a job's token is good: longer than any job takes by default, and at most. */
export const TOKEN_SECONDS = 3600;
export const MAX_TOKEN_SECONDS = 86_400;

/** A token that reads and watches one job. */
export interface JobToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Makes a token for one of the caller's jobs.
 *
 * @param ttlSeconds 1 to MAX_TOKEN_SECONDS
 * @throws GraphQLError with code FORBIDDEN, BAD_USER_INPUT, or NOT_FOUND for an unknown job and somebody else's
 */
export async function createJobToken(
  { caller, services, jobs }: GraphQLContext,
  id: string,
  ttlSeconds: number,
): Promise<JobToken> {
  requireOwner(caller, 'video:read');
  if (ttlSeconds < 1 || ttlSeconds > MAX_TOKEN_SECONDS) {
    throw new GraphQLError(`\`ttlSeconds\` must be from 1 to ${MAX_TOKEN_SECONDS}, not ${ttlSeconds}.`, {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  const job = await jobs.load(id);
  if (job === null)
    throw new GraphQLError('There is no such video job.', { extensions: { code: 'NOT_FOUND' } });
  const wanted = services.clock.now() + ttlSeconds * 1000;
  // Nobody gives more than he has.
  const expiresAt = Math.floor(Math.min(wanted, caller.expiresAt ?? wanted) / 1000) * 1000;
  return { token: await services.issueJobToken(caller.ownerId, job.id, expiresAt), expiresAt };
}
