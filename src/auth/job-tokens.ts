import { errors, type JWTPayload, SignJWT } from 'jose';
import { type Caller, isOwnerId, MAX_JOB_TOKEN_SECONDS } from '../domain/caller.ts';
import { isJobId } from '../domain/job/job-id.ts';
import { AuthenticationError, INVALID_TOKEN } from './authentication-error.ts';
import type { JobTokenSecrets } from './job-token-secrets.ts';
import { verifyJwt } from './verify-jwt.ts';

/** Prefix of job tokens: distinguishes them from other tokens, and lets scanners for leaked secrets find them. */
const PREFIX = 'rgj_';
const TYPE = 'reelgate-job+jwt';
const ALGORITHM = 'HS256';
const CHECKS = { algorithms: [ALGORITHM], typ: TYPE, requiredClaims: ['exp', 'iat'], clockTolerance: 0 };
/** Seconds by which the clock of the instance that issued a token may be ahead. */
const CLOCK_SKEW_SECONDS = 60;

/** Tokens that the gateway issues: each reads and watches one job until it expires. */
export class JobTokens {
  readonly #secrets: Pick<JobTokenSecrets, 'current' | 'find'>;

  /** @param secrets shared by all instances */
  constructor(secrets: Pick<JobTokenSecrets, 'current' | 'find'>) {
    this.#secrets = secrets;
  }

  /** Whether a token has the form of a job token. */
  static isJobToken(token: string): boolean {
    return token.startsWith(PREFIX);
  }

  /**
   * @param now epoch milliseconds
   * @param expiresAt likewise, cut to whole seconds
   * @throws the store's error when the secrets cannot be read
   */
  async issue(ownerId: string, jobId: string, now: number, expiresAt: number): Promise<string> {
    const { id, secret } = await this.#secrets.current();
    const jwt = await new SignJWT({ job: jobId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
      .setSubject(ownerId)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(secret);
    return PREFIX + jwt;
  }

  /**
   * @param now epoch milliseconds
   * @throws AuthenticationError when it is not valid; AuthUnavailableError when the secrets cannot be read
   */
  async verify(token: string, now: number): Promise<Caller> {
    const find = async ({ kid }: { readonly kid?: string }) => {
      const secret = kid === undefined ? null : await this.#secrets.find(kid);
      if (secret === null) throw new errors.JWKSNoMatchingKey();
      return secret;
    };
    const { payload, expiresAt } = await verifyJwt(token.slice(PREFIX.length), find, CHECKS, now);
    const { sub: ownerId, job: jobId } = payload;
    if (!isOwnerId(ownerId) || typeof jobId !== 'string' || !isJobId(jobId) || isTooLong(payload, now)) {
      throw new AuthenticationError(INVALID_TOKEN);
    }
    return { ownerId, scopes: new Set(['video:read']), jobId, expiresAt };
  }
}

/** The gateway never issues a token with such a lifetime: it was forged with a leaked secret. */
function isTooLong({ iat = NaN, exp = NaN }: JWTPayload, now: number): boolean {
  const latest = now / 1000 + MAX_JOB_TOKEN_SECONDS + CLOCK_SKEW_SECONDS;
  return !(exp - iat <= MAX_JOB_TOKEN_SECONDS && exp <= latest);
}
