import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import {
  AuthenticationError,
  AuthUnavailableError,
  EXPIRED_TOKEN,
  INVALID_TOKEN,
} from './authentication-error.ts';

/** The claims of a valid JWT. */
export interface VerifiedJwt {
  readonly payload: JWTPayload;
  /** When it expires, in epoch milliseconds; null: never. The allowed clock skew is included. */
  readonly expiresAt: number | null;
}

/**
 * Checks signature, times and claims of a JWT.
 *
 * @param now epoch milliseconds
 * @throws AuthenticationError when it is not valid; AuthUnavailableError when the keys cannot be fetched
 */
export async function verifyJwt(
  token: string,
  key: Uint8Array | JWTVerifyGetKey,
  options: JWTVerifyOptions & { readonly algorithms: string[]; readonly clockTolerance: number },
  now: number,
): Promise<VerifiedJwt> {
  const checks = { ...options, currentDate: new Date(now) };
  try {
    const { payload } =
      typeof key === 'function' ? await jwtVerify(token, key, checks) : await jwtVerify(token, key, checks);
    return { payload, expiresAt: endOf(payload, now, options.clockTolerance) };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AuthenticationError(EXPIRED_TOKEN, { cause: error });
    if (isFaultOfToken(error)) throw new AuthenticationError(INVALID_TOKEN, { cause: error });
    throw new AuthUnavailableError('The keys for checking tokens cannot be fetched.', { cause: error });
  }
}

function endOf({ exp }: JWTPayload, now: number, skewSeconds: number): number | null {
  if (exp === undefined) return null;
  const end = exp * 1000;
  return end > now ? end : end + skewSeconds * 1000;
}

function isFaultOfToken(error: unknown): boolean {
  return FAULTS_OF_TOKENS.some((fault) => error instanceof fault);
}

const FAULTS_OF_TOKENS = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];
