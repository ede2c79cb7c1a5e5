import { AuthenticationError, AuthUnavailableError } from '../auth/authentication-error.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../domain/caller.ts';
import { refusal } from '../graphql/errors.ts';

/**
 * Authenticates the caller of a token.
 *
 * @param token null when none was sent
 * @throws GraphQLError with code UNAUTHENTICATED, or AUTH_UNAVAILABLE while the token's issuer cannot be reached
 */
export async function authenticateOrRefuse(
  authenticator: Authenticator,
  token: string | null,
): Promise<Caller> {
  try {
    return await authenticator.authenticate(token);
  } catch (error) {
    if (error instanceof AuthenticationError) {
      throw refusal(401, 'UNAUTHENTICATED', error.message, { 'www-authenticate': 'Bearer realm="reelgate"' });
    }
    if (error instanceof AuthUnavailableError) {
      throw refusal(503, 'AUTH_UNAVAILABLE', `${error.message} Try again in a moment.`);
    }
    throw error;
  }
}

/**
 * The token in an `Authorization` header.
 *
 * @returns null without the header; for another scheme the whole text, which is never a valid token
 */
export function bearerToken(header: string | undefined): string | null {
  const text = header?.trim() ?? '';
  if (text === '') return null;
  return /^bearer\s+(.*)$/i.exec(text)?.[1] ?? text;
}

/** The token in the parameters of a WebSocket's `connection_init`, with or without `Bearer` before it. */
export function tokenOfParams(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const given = [params?.['authorization'], params?.['Authorization'], params?.['token']];
  const token = given.find((value) => value != null);
  // A value of another type is a wrong token, not a missing one.
  return token === undefined ? null : bearerToken(typeof token === 'string' ? token : typeof token);
}

/** The token that GraphiQL's header tab sends with each operation over a WebSocket, in `extensions.headers`. */
export function tokenOfOperation(
  extensions: Readonly<Record<string, unknown>> | null | undefined,
): string | null {
  const headers = extensions?.['headers'];
  if (typeof headers !== 'object' || headers === null) return null;
  const header = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof header === 'string' ? bearerToken(header) : null;
}
