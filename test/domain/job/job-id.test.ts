import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idBound, isJobId, newJobId } from '../../../src/domain/job/job-id.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('newJobId', () => {
  it('is vj_ and a lower-case UUIDv7 that isJobId accepts', () => {
    fc.assert(
      fc.property(time, random, (now, bytes) => {
        const id = newJobId(now, bytes);
        expect(id).toMatch(/^vj_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(isJobId(id)).toBe(true);
      }),
    );
  });

  it('contains the time of acceptance', () => {
    const now = Date.UTC(2026, 10, 22);
    expect(newJobId(now, randomBytes(16)).slice(3, 16).replace('-', '')).toBe(
      now.toString(16).padStart(12, '0'),
    );
  });

  it('sorts as text by time', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, bytesA, bytesB) => {
        fc.pre(a < b);
        expect(newJobId(a, bytesA) < newJobId(b, bytesB)).toBe(true);
      }),
    );
  });

  it('differs by its random bytes within one millisecond', () => {
    const ids = Array.from({ length: 2000 }, () => newJobId(0, randomBytes(16)));
    expect(new Set(ids).size).toBe(2000);
  });
});

describe('isJobId', () => {
  const good = newJobId(1e12, new Uint8Array(16));

  it.each([
    '',
    'vj_',
    good.slice(3),
    good.toUpperCase(),
    `${good}\n`,
    ` ${good}`,
    `${good}0`,
    `VJ_${good.slice(3)}`,
    good.replace('-7', '-4'),
    good.replaceAll('-', ''),
    'vj_00000000-0000-7000-0000-000000000000',
  ])('refuses %j', (text) => {
    expect(isJobId(text)).toBe(false);
  });

  it('refuses any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isJobId(text)).toBe(false);
      }),
    );
  });
});

describe('idBound', () => {
  it('lies before the ids of its millisecond, and after all earlier ones', () => {
    fc.assert(
      fc.property(time, fc.integer({ min: -2, max: 2 }), random, (at, offset, bytes) => {
        fc.pre(at + offset >= 0 && at + offset < 2 ** 48);
        const id = newJobId(at + offset, bytes);
        expect(id < idBound(at)).toBe(offset < 0);
        expect(id > idBound(at)).toBe(offset >= 0);
      }),
    );
  });

  it('is the bound of the nearest time that an id can have', () => {
    expect(idBound(-1)).toBe(idBound(0));
    expect(idBound(1e12 + 0.5)).toBe(idBound(1e12));
    for (const at of [2 ** 48, 8.64e15]) expect(idBound(at)).toBe(idBound(2 ** 48 - 1));
  });
});
