import { MAX_JOB_TOKEN_SECONDS } from '../../domain/caller.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import type { Builder } from '../builder.ts';
import { badInput, noSuchJob } from '../errors.ts';

/** Seconds for which a job's token is good by default: longer than any job takes. */
const TOKEN_SECONDS = 3600;
/** Values that making one counts as. */
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
        description: 'Sent like every bearer token; whoever has it may use it.',
      }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'When it ends, and with it the subscriptions that it opened.',
        resolve: ({ expiresAt }) => expiresAt,
      }),
    }),
  });

  builder.mutationFields((t) => ({
    createJobToken: t.field({
      type: Token,
      description:
        'Makes a short-lived token for one job, so that a backend can hand a browser just that. An unknown job is refused with code NOT_FOUND.',
      extensions: { cost: TOKEN_COST },
      args: {
        id: t.arg.id({ required: true, description: 'The job’s id.' }),
        ttlSeconds: t.arg.int({
          description: `Seconds until it ends: 1 to ${MAX_JOB_TOKEN_SECONDS}, ${TOKEN_SECONDS} by default; it never lasts longer than the caller’s own token.`,
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
  // Nobody gives more than he has.
  const expiresAt = Math.floor(Math.min(wanted, caller.expiresAt ?? wanted) / 1000) * 1000;
  return { token: await services.issueJobToken(caller.ownerId, job.id, now, expiresAt), expiresAt };
}
