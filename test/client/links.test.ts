import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { EventStreamLink } from '../../packages/client/src/connection/event-stream-link.ts';
import { clientOf } from './client.ts';

const EVENTS = {
  ready: () => {},
  opened: () => {},
  next: () => {},
  failed: () => {},
  completed: () => {},
  ended: () => {},
};

test('a closed link of event streams starts none', () => {
  using sent = vi.spyOn(globalThis, 'fetch');
  const link = new EventStreamLink('http://127.0.0.1:1/graphql', null, EVENTS, 4);
  link.close();
  link.start({ id: '1', operation: { query: 'subscription { videoJobsUpdated { id } }' } });
  expect(sent).not.toHaveBeenCalled();
});

test.each([
  [4403, 'UNAUTHENTICATED'],
  [1008, 'NOT_ALLOWED'],
])('a WebSocket that is closed with %i and no reason has a message', async (closeCode, code) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.close(closeCode));
  const address = server.address();
  using client = clientOf(address !== null && typeof address === 'object' ? address.port : 0);
  const watching = client.watch('vj_1')[Symbol.asyncIterator]().next();
  await expect(watching).rejects.toMatchObject({ code, message: `Closed with code ${closeCode}.` });
  server.close();
});
