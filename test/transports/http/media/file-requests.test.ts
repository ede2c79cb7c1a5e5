import { once } from 'node:events';
import { type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { GatewayEvents } from '../../../../src/events/gateway-events.ts';
import { FileRequests } from '../../../../src/transports/http/media/file-requests.ts';
import { collect } from '../../../support/events.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { listen } from './video-upstream.ts';

const SLOW = 16 * 1024 * 30 - 1;

/** Transfers that never end by themselves, at most two of one file and three at a time. */
async function start() {
  const clock = new FakeClock();
  const events = new GatewayEvents();
  const slow = collect(events, 'client:slow');
  const requests = new FileRequests(clock.now, events, { max: 3, maxPerFile: 2 });
  const sent: ((bytes: number) => void)[] = [];
  const origin = await listen((request: IncomingMessage, response: ServerResponse) => {
    void requests.answer(request.url ?? '', request, response, async (_, onSent) => {
      sent.push(onSent);
      response.writeHead(200).flushHeaders();
      await once(response, 'close');
    });
  });
  /** @returns the status, and a promise of the transfer's end */
  const open = async (path: string) => {
    const outgoing = send(origin + path).end();
    const [answer]: IncomingMessage[] = await once(outgoing, 'response');
    if (answer === undefined) throw new Error('There is no answer.');
    const ended = new Promise<void>((resolve) => void answer.once('close', resolve).once('error', () => {}));
    answer.resume();
    return { status: answer.statusCode, ended, leave: () => outgoing.destroy() };
  };
  return { clock, slow, sent, open };
}

it('sends one file a limited number of times at once, and meanwhile others', async () => {
  const { open } = await start();
  const first = await open('/a');
  expect((await open('/a')).status).toBe(200);
  expect((await open('/a')).status).toBe(503);
  expect((await open('/b')).status).toBe(200);
  expect((await open('/c')).status).toBe(503);
  first.leave();
  await expect.poll(async () => (await open('/c')).status).toBe(200);
});

it.each([
  ['of the file', ['/a', '/a'], '/a'],
  ['of all files', ['/a', '/a', '/b'], '/c'],
])('gives the place of the slowest transfer to a new one at the limit %s', async (_, paths, next) => {
  const { clock, slow, sent, open } = await start();
  const transfers = [];
  for (const path of paths) transfers.push(await open(path));
  // However much came before, only the last half minute counts.
  for (const onSent of sent) onSent(1e9);
  clock.jump(30_000);
  for (const [index, onSent] of sent.entries()) onSent(index === 1 ? SLOW : SLOW + 1);
  clock.jump(29_999);
  expect((await open(next)).status).toBe(503);
  expect(slow).toEqual([]);
  clock.jump(1);
  expect((await open(next)).status).toBe(200);
  await transfers[1]?.ended;
  expect(slow).toEqual([{ transport: 'http', consequence: 'closed' }]);
  // The others are fast enough.
  expect((await open(next)).status).toBe(503);
});
