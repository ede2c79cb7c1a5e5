import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Authenticator } from '../auth/authenticator.ts';
import { AuthenticationError, AuthUnavailableError } from '../auth/authentication-error.ts';
import type { Caller } from '../domain/caller.ts';
import { bearerToken } from './bearer-token.ts';

/** Tells who asks over HTTP, before anything of the request is read. GraphiQL's page is served to everybody. */
export function useAuthentication(
  authenticator: Authenticator,
): Plugin<object, { req: IncomingMessage; caller?: Caller }> {
  return {
    async onRequestParse({ serverContext }) {
      serverContext.caller = await authenticateOrRefuse(
        authenticator,
        bearerToken(serverContext.req.headers.authorization),
      );
    },
  };
}

/**
 * Tells who asks.
 *
 * @throws GraphQLError with code UNAUTHENTICATED, or AUTH_UNAVAILABLE when it can't be told now
 */
export async function authenticateOrRefuse(
  authenticator: Authenticator,
  token: string | null,
): Promise<Caller> {
  try {
    return await authenticator.authenticate(token);
  } catch (error) {
    if (error instanceof AuthenticationError) {
      const http = { status: 401, headers: { 'www-authenticate': 'Bearer realm="reelgate"' } };
      throw new GraphQLError(error.message, { extensions: { code: 'UNAUTHENTICATED', http } });
    }
    if (error instanceof AuthUnavailableError) {
      throw new GraphQLError(`${error.message} Try again in a moment.`, {
        extensions: { code: 'AUTH_UNAVAILABLE', http: { status: 503 } },
      });
    }
    throw error;
  }
}
