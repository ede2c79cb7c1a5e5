import { z } from 'zod';
import { hasLoopbackHost } from './addresses.ts';
import { text } from './schemas.ts';

/** Settings for the sign-in of callers. */
export const AUTH_SETTINGS = {
  AUTH_JWKS_URL: z
    .string()
    .refine(isJwksUrl, 'must be an https URL without credentials; http is for loopback only')
    .optional(),
  AUTH_JWT_SECRET: z
    .string()
    .refine(isLongSecret, 'must have at least 32 bytes, as HS256 requires')
    .optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_OWNER_CLAIM: text('sub'),
  AUTH_API_KEYS_FILE: z.string().optional(),
};

type AuthEnvironment = z.output<z.ZodObject<typeof AUTH_SETTINGS>>;

/** @returns null when callers do not sign in: all operations run as the owner `anonymous` */
export function authOf(environment: AuthEnvironment) {
  if (!hasAuth(environment)) return null;
  return Object.freeze({
    jwksUrl: environment.AUTH_JWKS_URL ?? null,
    jwtSecret: environment.AUTH_JWT_SECRET ?? null,
    issuer: environment.AUTH_ISSUER ?? null,
    audience: environment.AUTH_AUDIENCE ?? null,
    ownerClaim: environment.AUTH_OWNER_CLAIM,
    apiKeysFile: environment.AUTH_API_KEYS_FILE ?? null,
  });
}

/** Whether callers sign in. */
export function hasAuth({ AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_API_KEYS_FILE }: AuthEnvironment): boolean {
  return [AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_API_KEYS_FILE].some((value) => value !== undefined);
}

function isLongSecret(secret: string): boolean {
  return Buffer.byteLength(secret) >= 32;
}

/** Credentials are refused because fetch accepts none in a URL. */
function isJwksUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && hasLoopbackHost(url));
}
