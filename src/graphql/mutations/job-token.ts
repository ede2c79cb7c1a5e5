import { MAX_JOB_TOKEN_SECONDS } from '../../domain/caller.ts';
import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import { badInput, noSuchJob } from '../errors.ts';

/** Default lifetime of a job token in seconds: longer than any job takes. */
const TOKEN_SECONDS = 3600;
/** How many values creating a token counts as. */
const TOKEN_COST = 50;

/** A token that reads and watches one job. */
interface JobToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Adds `createJobToken` to `Mutation`. */
export function defineJobToken(builder: Builder): void {
  const Token = builder.objectRef<JobToken>('JobToken').implement({
    description: 'A token that reads and watches one job, and nothing else.',
    fields: (t) => ({
      token: t.exposeString('token', {
        extensions: { maxBytes: 1000 },
        description: 'Send it like any bearer token. Anyone who has it can use it.',
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it expires. Subscriptions that it opened end then.',
        resolve: ({ expiresAt }) => expiresAt,
      }),
    }),
  });

  builder.mutationFields((t) => ({
    createJobToken: t.field({
      type: Token,
      description:
        'Creates a short-lived token for one job, which a backend can give to a browser. An unknown job is refused with code NOT_FOUND.',
      extensions: { cost: TOKEN_COST },
      args: {
        id: t.arg.id({ required: true, description: 'The job’s id.' }),
        ttlSeconds: t.arg.int({
          description: `Seconds until it expires: 1 to ${MAX_JOB_TOKEN_SECONDS}, ${TOKEN_SECONDS} by default. It never outlives the caller’s own token.`,
        }),
      },
      resolve: (_, { id, ttlSeconds }, context) => createJobToken(context, id, ttlSeconds ?? TOKEN_SECONDS),
    }),
  }));
}

/**
 * Makes a token for one of the caller's jobs.
 *
 * @param ttlSeconds 1 to MAX_JOB_TOKEN_SECONDS
 * @throws GraphQLError with code FORBIDDEN, BAD_USER_INPUT, or NOT_FOUND for an unknown job and somebody else's
 */
async function createJobToken(
  { caller, services, jobs }: GraphQLContext,
  id: string,
  ttlSeconds: number,
): Promise<JobToken> {
  requireOwner(caller, 'video:read');
  if (ttlSeconds < 1 || ttlSeconds > MAX_JOB_TOKEN_SECONDS) {
    throw badInput(`\`ttlSeconds\` must be from 1 to ${MAX_JOB_TOKEN_SECONDS}, not ${ttlSeconds}.`);
  }
  const job = await jobs.load(id);
  if (job === null) throw noSuchJob();
  const now = services.tokenClock.now();
  const wanted = now + ttlSeconds * 1000;
  // The token must not outlive the caller's own.
  const expiresAt = Math.floor(Math.min(wanted, caller.expiresAt ?? wanted) / 1000) * 1000;
  return { token: await services.issueJobToken(caller.ownerId, job.id, now, expiresAt), expiresAt };
}
