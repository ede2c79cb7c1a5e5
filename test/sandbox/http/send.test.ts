import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Reply } from '../../../packages/sandbox/src/http/reply.ts';
import { send } from '../../../packages/sandbox/src/http/send.ts';

/** A real request that has no response yet. */
async function openRequest(): Promise<{
  request: IncomingMessage;
  response: ServerResponse;
  client: Promise<unknown>;
}> {
  const taken = Promise.withResolvers<{ request: IncomingMessage; response: ServerResponse }>();
  const server = createServer((request, response) => {
    taken.resolve({ request, response });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
  return { ...(await taken.promise), client };
}

const HANG: Reply = { kind: 'hang' };

describe('a response that hangs', () => {
  it('ends when the client has disconnected already', async () => {
    const { request, response } = await openRequest();
    response.destroy();
    await once(response, 'close');
    await expect(send(HANG, request, response, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('ends when the server closes', async () => {
    const { request, response, client } = await openRequest();
    const closing = new AbortController();
    const sent = send(HANG, request, response, closing.signal);
    closing.abort();
    await sent;
    expect(await client).toBeInstanceOf(TypeError);
  });
});
