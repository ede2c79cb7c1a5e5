import { createReelgate, type Reelgate } from '@reelgate/client';
import { syncServerClock } from './server-clock.ts';
import { readToken } from './token.ts';

/**
 * The page's client. Its requests wait for the gateway without a limit, because a user who waits can also leave the page.
 *
 * @param token called for each connection and each request
 */
export function connect(token: () => string | null = readToken): Reelgate {
  const client = createReelgate({
    url: new URL('graphql', document.baseURI),
    token,
    retryForMs: Infinity,
  });
  const { connection } = client;
  connection.onChange(() => {
    if (connection.state === 'connected') void syncServerClock();
  });
  return client;
}
