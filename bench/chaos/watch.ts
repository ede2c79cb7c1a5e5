import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Target } from './load.ts';

/** Watches a job, or with null all jobs of the caller, over WebSocket; reconnects after a loss. @returns ends it */
export function watch(
  { url, token }: Target,
  id: string | null,
  onUpdate: () => void = () => {},
): () => Promise<void> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: Infinity,
    shouldRetry: () => true,
  });
  client.subscribe(
    id === null
      ? { query: 'subscription { videoJobsUpdated { id } }' }
      : { query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id version } }', variables: { id } },
    { next: onUpdate, error: () => {}, complete: () => {} },
  );
  return async () => {
    await client.dispose();
  };
}
