import { createServer } from 'node:http';
import type { JWK } from 'jose';
import { expect, it, vi } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { listenOnFreePort } from '../support/network/ports.ts';
import { MINUTE } from '../support/times.ts';
import { until } from '../support/until.ts';
import { signingKey } from './signing-keys.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';

it('streams with a withdrawn key end within five minutes, and those that cannot be checked stay open', async () => {
  const clock = new FakeClock();
  const { jwk, sign } = await signingKey('first');
  const issuer = { published: [jwk] as JWK[], isAway: false };
  const server = createServer((_, response) => {
    if (issuer.isAway) response.writeHead(503).end();
    else response.end(JSON.stringify({ keys: issuer.published }));
  });
  const port = await listenOnFreePort(server);
  await using _ = { [Symbol.asyncDispose]: async () => void server.close() };
  const settings = { AUTH_JWKS_URL: `http://127.0.0.1:${port}/keys` };
  await using gateway = await startGateway({ clock, settings });
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  const headers = { authorization: `Bearer ${await sign(86_400)}` };
  using socket = await WsClient.connect(gateway.url, { headers });
  socket.subscribe('1', WATCH, { id });
  await socket.result('1');
  using events = await SseClient.open(gateway.url, WATCH, { method: 'POST', variables: { id }, headers });
  await events.result();

  // A check runs in real time before its next timer starts.
  const timers = clock.sleeping;
  const passMinute = async () => {
    await clock.advance(MINUTE);
    await vi.waitFor(() => {
      expect(clock.sleeping === timers || gateway.store.listenerCount === 0).toBe(true);
    });
  };
  issuer.isAway = true;
  for (let minute = 0; minute < 6; minute += 1) await passMinute();
  await socket.processed();

  issuer.isAway = false;
  issuer.published = [];
  for (let minute = 0; minute < 5; minute += 1) await passMinute();
  expect(await socket.closed).toEqual({ code: 4403, reason: 'The token is no longer valid' });
  expect(JSON.stringify(await events.result())).toContain('UNAUTHENTICATED');
  await until(() => gateway.store.listenerCount, 0);
});
