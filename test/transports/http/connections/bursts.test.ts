import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startGateway } from '../../../support/gateway/gateway.ts';

const CLIENTS = 1000;
/** Passes of the event loop: far less than the second after which a client whose first packet was dropped sends it again. */
const TURNS = 50;

it('accepts all clients that connect again at once after a restart', async () => {
  await using gateway = await startGateway();
  let connected = 0;
  const sockets = Array.from({ length: CLIENTS }, () =>
    connect(gateway.port, '127.0.0.1', () => {
      connected += 1;
    }),
  );
  for (let turns = 0; turns < TURNS; turns += 1) await turn();
  for (const socket of sockets) socket.destroy();
  expect(connected).toBe(CLIENTS);
});
