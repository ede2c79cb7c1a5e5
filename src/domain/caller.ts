import type { Job } from './job/job.ts';

/** The permissions: to send jobs; to read and watch them; to see what concerns the operator, such as the remaining credits. */
export const SCOPES = ['video:generate', 'video:read', 'gateway:admin'] as const;

/** One of SCOPES. */
export type Scope = (typeof SCOPES)[number];

/** The longest lifetime of a job token in seconds. */
export const MAX_JOB_TOKEN_SECONDS = 86_400;

/** The authenticated caller and its permissions. */
export interface Caller {
  /** The owner of the caller's jobs; at most 256 characters. */
  readonly ownerId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The only job that may be read and watched; null for all of the owner's. */
  readonly jobId: string | null;
  /** When the permissions end, subscriptions included, in epoch milliseconds; null for never. */
  readonly expiresAt: number | null;
  /**
   * Whether the token would still be accepted; true while that cannot be checked. Never rejects. Absent when the token's key cannot
   * be withdrawn while the gateway runs.
   */
  readonly isStillValid?: () => Promise<boolean>;
}

/** The caller when authentication is turned off. */
export const ANONYMOUS: Caller = {
  ownerId: 'anonymous',
  scopes: new Set(SCOPES),
  jobId: null,
  expiresAt: null,
};

/** Whether the job is one of the caller's; the scope is checked separately. */
export function ownsJob({ ownerId, jobId }: Caller, job: Job): boolean {
  return job.ownerId === ownerId && (jobId === null || jobId === job.id);
}

/** Whether a value is a valid owner id: 1 to 256 characters, no control characters, no leading or trailing blanks. */
export function isOwnerId(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > 256) return false;
  return value.isWellFormed() && !/^\s|\s$|\p{Cc}/u.test(value);
}

/** The known scopes among these words; those of other services are ignored. */
export function scopesOf(words: readonly unknown[]): ReadonlySet<Scope> {
  return new Set(SCOPES.filter((scope) => words.includes(scope)));
}
