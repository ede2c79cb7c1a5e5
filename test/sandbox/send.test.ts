import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Reply } from '../../packages/sandbox/src/http/reply.ts';
import { send } from '../../packages/sandbox/src/http/send.ts';

/** A real request, in hand, that nobody has answered. */
async function inHand(): Promise<{
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

describe('an answer that hangs', () => {
  it('is over when the client has already gone', async () => {
    const { request, response } = await inHand();
    response.destroy();
    await once(response, 'close');
    await expect(send(HANG, request, response, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('is over when it is told to be', async () => {
    const { request, response, client } = await inHand();
    const closing = new AbortController();
    const sent = send(HANG, request, response, closing.signal);
    closing.abort();
    await sent;
    expect(await client).toBeInstanceOf(TypeError);
  });
});
