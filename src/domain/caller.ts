import type { Job } from './job/job.ts';

/** What a caller may be allowed: to send jobs, and to read and watch them. */
export const SCOPES = ['video:generate', 'video:read'] as const;

/** One of SCOPES. */
export type Scope = (typeof SCOPES)[number];

/** Seconds for which a job's token is good at most. */
export const MAX_JOB_TOKEN_SECONDS = 86_400;

/** Who asks, and what that one may do. */
export interface Caller {
  /** Whose jobs these are: at most 256 characters. */
  readonly ownerId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The only job that may be read and watched; null for all of the owner's. */
  readonly jobId: string | null;
  /** Epoch milliseconds at which the right ends, subscriptions included; null for never. */
  readonly expiresAt: number | null;
  /**
   * Tells whether the token would still be accepted; true when that cannot be told now. Never rejects. Absent when its key cannot
   * be withdrawn while the gateway runs.
   */
  readonly isStillGood?: () => Promise<boolean>;
}

/** The caller where nobody signs in. */
export const ANONYMOUS: Caller = {
  ownerId: 'anonymous',
  scopes: new Set(SCOPES),
  jobId: null,
  expiresAt: null,
};

/** Whether a job is one that the caller may see, given the scope for it. */
export function ownsJob({ ownerId, jobId }: Caller, job: Job): boolean {
  return job.ownerId === ownerId && (jobId === null || jobId === job.id);
}

/** Whether a text can name an owner: 1 to 256 characters, no control characters, no blanks around them. */
export function isOwnerId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > 256) return false;
  return value.isWellFormed() && !/^\s|\s$|\p{Cc}/u.test(value);
}

/** The scopes among these words; words of other services are passed over. */
export function scopesOf(words: readonly unknown[]): ReadonlySet<Scope> {
  return new Set(SCOPES.filter((scope) => words.includes(scope)));
}
