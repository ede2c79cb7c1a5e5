import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type UploadSlot, UploadSlots } from '../../../../src/transports/http/uploads/upload-slots.ts';
import { signToken, SIGN_IN } from '../../../auth/tokens.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { exchange } from '../../../support/gateway/http.ts';
import {
  formHead,
  PNG,
  pngOf,
  postUpload,
  rawForm,
  refusalOf,
  uploadOf,
} from '../../../support/gateway/upload.ts';
import { until } from '../../../support/until.ts';

const LIMITS = { maxBytes: 12, maxBytesPerOwner: 4, maxSendingPerOwner: 2, maxArrivingPerOwner: 3 };

/** Slots with small limits, and the names of the uploads that were evicted. */
function openSlots() {
  const slots = new UploadSlots(LIMITS);
  const evicted: string[] = [];
  const take = (owner: string, name: string): UploadSlot => {
    const slot = slots.take(owner);
    if (slot === null) throw new Error(`${name} was refused.`);
    slot.onEvicted(() => evicted.push(name));
    return slot;
  };
  return { slots, evicted, take };
}

describe('arriving uploads', () => {
  it('above the owner’s count evict the owner’s oldest', () => {
    const { evicted, take } = openSlots();
    for (const name of ['a1', 'a2', 'a3', 'a4']) take('a', name);
    take('b', 'b1');
    expect(evicted).toEqual(['a1']);
  });

  it('above the owner’s bytes evict the owner’s oldest', () => {
    const { evicted, take } = openSlots();
    const [first, second] = [take('a', 'a1'), take('a', 'a2')];
    expect([first.grow(3), second.grow(2)]).toEqual([true, true]);
    expect(evicted).toEqual(['a1']);
    expect([first.grow(1), second.grow(2), second.grow(1)]).toEqual([false, true, false]);
  });

  it('above the total bytes evict the oldest of the owner with the most bytes', () => {
    const { evicted, take } = openSlots();
    take('small', 's1').grow(1);
    for (const owner of ['a', 'b']) for (const name of ['1', '2']) take(owner, owner + name).grow(2);
    const [c1, c2] = [take('c', 'c1'), take('c', 'c2')];
    expect([c1.grow(2), c2.grow(1), evicted]).toEqual([true, true, []]);
    expect([c2.grow(1), evicted]).toEqual([true, ['a1']]);
  });

  it('are evicted, not uploads that are being sent to the upstream', () => {
    const { evicted, take } = openSlots();
    const sent = ['a', 'b'].map((owner) => {
      const slot = take(owner, owner);
      slot.grow(4);
      slot.complete();
      return slot;
    });
    const slow = take('slow', 'slow');
    slow.grow(3);
    const next = take('next', 'next');
    expect([next.grow(2), evicted]).toEqual([true, ['slow']]);
    // No other upload is arriving.
    expect(next.grow(3)).toBe(false);
    for (const slot of sent) slot.release();
    next.release();
    slow.release();
    expect(take('a', 'again').grow(4)).toBe(true);
  });
});

it('uploads that are being sent to the upstream block only uploads of their owner', () => {
  const { slots, take } = openSlots();
  const sent = ['a1', 'a2'].map((name) => take('a', name));
  for (const slot of sent) slot.complete();
  expect(slots.take('a')).toBe(null);
  expect(slots.take('b')).not.toBe(null);
  sent[0]?.release();
  expect(slots.take('a')).not.toBe(null);
});

describe('clients that stop in the middle of a file', () => {
  const FORM = rawForm(uploadOf(pngOf(100_000)));

  async function stall(gateway: Gateway, token: string): Promise<Socket> {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    const head = formHead([`content-length: ${FORM.length}`, `authorization: Bearer ${token}`]);
    await new Promise<void>((resolve) => {
      socket.write(Buffer.concat([Buffer.from(head), FORM.subarray(0, 50_000)]), () => resolve());
    });
    return socket;
  }

  it('block neither other owners nor their own', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const [ada, bob, eve] = await Promise.all(['ada', 'bob', 'eve'].map((sub) => signToken({ sub })));
    const stalled = await Promise.all(
      [ada, bob].flatMap((token = '') => Array.from({ length: 8 }, () => stall(gateway, token))),
    );
    for (const token of [eve, ada, bob]) {
      expect(refusalOf(await postUpload(gateway.url, PNG, token))).toEqual([200, undefined]);
    }
    for (const socket of stalled) socket.destroy();
  });

  it('get 503 with Retry-After when their owner has too many', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const token = await signToken();
    const oldest = await stall(gateway, token);
    let received = '';
    oldest.on('data', (data) => {
      received += data.toString();
    });
    const stalled = await Promise.all(Array.from({ length: 16 }, () => stall(gateway, token)));
    await until(() => received.includes('TOO_MANY_UPLOADS'), true);
    expect(received).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1/i);
    for (const socket of [oldest, ...stalled]) socket.destroy();
  });
});

it('an owner’s rate is checked before the body is read', async () => {
  await using gateway = await startGateway({ settings: { GENERATE_RPM_PER_OWNER: '1' } });
  expect(refusalOf(await postUpload(gateway.url, PNG))).toEqual([200, undefined]);
  // The body is never sent.
  const answer = await exchange(gateway.port, formHead(['content-length: 10000000', 'connection: close']));
  expect(answer).toMatch(/^HTTP\/1.1 429 [^]*retry-after: \d+[^]*"code":"RATE_LIMITED"/i);
});
