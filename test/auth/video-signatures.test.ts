import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VideoSignatures } from '../../src/auth/video-signatures.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { keys } from '../../src/store/redis/keys.ts';
import { RedisSharedText } from '../../src/store/redis/redis-shared-text.ts';
import type { SharedText } from '../../src/store/shared-text.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { openRedis } from '../store/redis/open-redis.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { NO_EVENTS } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { NOON, SECOND } from '../support/times.ts';

const ID = 'vj_00000000-0000-7000-8000-000000000000';
const OTHER_ID = 'vj_00000000-0000-7000-8000-000000000001';

/** Two instances on one store without a secret. */
interface Opened extends AsyncDisposable {
  readonly one: SharedText;
  readonly other: SharedText;
  /** As an operator does. */
  deleteSecret(): Promise<unknown>;
}

async function openEmbedded(): Promise<Opened> {
  const { store, ...opened } = openSqlite({ now: () => NOON });
  const text = () => new SqliteSharedText(store.database, store.commits, 'video-url-secret');
  return {
    one: text(),
    other: text(),
    deleteSecret: async () => store.database.exec("DELETE FROM shared_texts WHERE name = 'video-url-secret'"),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function openShared(): Promise<Opened> {
  await using opening = new AsyncDisposableStack();
  const redis = opening.use(await RedisServer.start());
  const open = async () => {
    const { client } = opening.use(await openRedis([redis.url]));
    return new RedisSharedText(client, keys.videoUrlSecret);
  };
  const [one, other] = [await open(), await open()];
  const opened = opening.move();
  return {
    one,
    other,
    deleteSecret: () => redis.run('DEL', 'rg:{secret}:video-url-secret'),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function openSignatures(text: SharedText, clock: FakeClock, refreshMs?: number): Promise<VideoSignatures> {
  const refresh = refreshMs === undefined ? {} : { refreshMs };
  return VideoSignatures.open({ text, randomBytes, now: clock.now, events: NO_EVENTS, ...refresh });
}

describe.each([
  ['SQLite', openEmbedded],
  ['Redis', openShared],
])('signatures of video URLs with the secret in %s', (_, open) => {
  it('are equal on instances that start at the same time, and after a restart', async () => {
    await using opened = await open();
    const clock = new FakeClock();
    const instances = await Promise.all([
      openSignatures(opened.one, clock),
      openSignatures(opened.other, clock),
    ]);
    using one = instances[0];
    using other = instances[1];
    expect(one.sign(ID)).toMatch(/^[\w-]{24}$/);
    expect(other.sign(ID)).toBe(one.sign(ID));
    using restarted = await openSignatures(opened.one, clock);
    expect(restarted.sign(ID)).toBe(one.sign(ID));
    expect(await other.verify(ID, one.sign(ID))).toBe(true);
  });

  it('end when the secret is deleted, and another takes its place', async () => {
    await using opened = await open();
    const clock = new FakeClock();
    using one = await openSignatures(opened.one, clock, 20);
    using other = await openSignatures(opened.other, clock);
    const signature = one.sign(ID);
    await opened.deleteSecret();
    await expect.poll(() => one.sign(ID)).not.toBe(signature);
    expect(await one.verify(ID, signature)).toBe(false);
    // The other instance has not read the secret since: it does with the first URL that it does not know.
    expect(await other.verify(ID, one.sign(ID))).toBe(false);
    clock.jump(SECOND);
    expect(await other.verify(ID, one.sign(ID))).toBe(true);
    expect(other.sign(ID)).toBe(one.sign(ID));
    expect(await other.verify(ID, signature)).toBe(false);
  });
});

describe('a signature', () => {
  it.each([
    ['of another job', (_: string, sign: (id: string) => string) => sign(OTHER_ID)],
    ['in another case', (signature: string) => swapCase(signature)],
    ['that is truncated', (signature: string) => signature.slice(0, -1)],
    ['that is longer', (signature: string) => `${signature}A`],
    ['with padding', (signature: string) => `${signature}=`],
    ['that is empty', () => ''],
    ['with other characters', (signature: string) => `é${signature.slice(1)}`],
  ])('%s is not valid', async (_, change) => {
    await using opened = await openEmbedded();
    using signatures = await openSignatures(opened.one, new FakeClock());
    const signature = signatures.sign(ID);
    expect(await signatures.verify(ID, signature)).toBe(true);
    expect(
      await signatures.verify(
        ID,
        change(signature, (id) => signatures.sign(id)),
      ),
    ).toBe(false);
  });

  it('is still checked while the store is unavailable, and wrong ones cause one read a second', async () => {
    const clock = new FakeClock();
    let reads = 0;
    const secret = Buffer.alloc(32, 1).toString('base64');
    const text: SharedText = {
      read: async () => {
        reads += 1;
        if (reads > 1) throw new StoreUnavailableError('The store is away.');
        return secret;
      },
      replace: async () => false,
    };
    using signatures = await openSignatures(text, clock);
    clock.jump(SECOND);
    for (let attempt = 0; attempt < 5; attempt += 1) expect(await signatures.verify(ID, 'wrong')).toBe(false);
    expect(reads).toBe(2);
    expect(await signatures.verify(ID, signatures.sign(ID))).toBe(true);
  });
});

function swapCase(text: string): string {
  return text.replaceAll(/[a-z]/gi, (char) => (char >= 'a' ? char.toUpperCase() : char.toLowerCase()));
}
