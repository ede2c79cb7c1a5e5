import { SignJWT } from 'jose';
import { type Caller, isOwnerId } from '../domain/caller.ts';
import { isJobId } from '../domain/job-id.ts';
import { AuthenticationError, INVALID_TOKEN } from './authentication-error.ts';
import { verifyJwt } from './verify-jwt.ts';

/** Sets these tokens apart from those that others issue, and lets scanners for leaked secrets find them. */
const PREFIX = 'rgj_';
const TYPE = 'reelgate-job+jwt';
const ALGORITHM = 'HS256';

/** Tokens of the gateway's own: each reads and watches one job, and nothing else, for a while. */
export class JobTokens {
  readonly #secret: Uint8Array;

  /** @param secret 32 bytes, the same at every instance */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** Whether a token claims to be one of these. */
  static isOne(token: string): boolean {
    return token.startsWith(PREFIX);
  }

  /** @param expiresAt epoch milliseconds, cut to whole seconds */
  async issue(ownerId: string, jobId: string, expiresAt: number): Promise<string> {
    const jwt = await new SignJWT({ job: jobId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setSubject(ownerId)
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(this.#secret);
    return PREFIX + jwt;
  }

  /**
   * @param now epoch milliseconds
   * @throws AuthenticationError when it is not good
   */
  async verify(token: string, now: number): Promise<Caller> {
    const checks = { algorithms: [ALGORITHM], typ: TYPE, requiredClaims: ['exp'], clockTolerance: 0 };
    const { payload, expiresAt } = await verifyJwt(token.slice(PREFIX.length), this.#secret, checks, now);
    const { sub: ownerId, job: jobId } = payload;
    if (!isOwnerId(ownerId) || typeof jobId !== 'string' || !isJobId(jobId)) {
      throw new AuthenticationError(INVALID_TOKEN);
    }
    return { ownerId, scopes: new Set(['video:read']), jobId, expiresAt };
  }
}
