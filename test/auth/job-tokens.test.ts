import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { AuthenticationError, AuthUnavailableError } from '../../src/auth/authentication-error.ts';
import { JobTokenSecrets } from '../../src/auth/job-token-secrets.ts';
import { JobTokens } from '../../src/auth/job-tokens.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { keys } from '../../src/store/redis/keys.ts';
import { RedisSharedText } from '../../src/store/redis/redis-shared-text.ts';
import type { SharedText } from '../../src/store/shared-text.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { openRedis } from '../store/redis/open-redis.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';
import { jobTokensOf, START } from './tokens.ts';

const ID = 'vj_00000000-0000-7000-8000-000000000000';
const DAY_SECONDS = 86_400;

describe('a job’s token', () => {
  const secret = new Uint8Array(32);
  const sign = (claims: object) =>
    new SignJWT({ sub: 'ada', job: ID, iat: START, exp: START + 60, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'reelgate-job+jwt', kid: 'test' })
      .sign(secret);
  const verify = async (claims: object, now = NOON) =>
    jobTokensOf(secret).verify(`rgj_${await sign(claims)}`, now);

  it('lasts at most a day', async () => {
    expect(await verify({ exp: START + DAY_SECONDS })).toMatchObject({ ownerId: 'ada', jobId: ID });
  });

  it.each([
    ['lives for longer than a day', { exp: START + DAY_SECONDS + 1 }],
    ['lives for years', { exp: START + 1e9 }],
    ['has been living for longer than a day', { iat: START - DAY_SECONDS, exp: START + 60 }],
    ['does not say when it was issued', { iat: undefined }],
    ['is issued in the future, to end later', { iat: START + DAY_SECONDS, exp: START + 2 * DAY_SECONDS }],
  ])('is refused when it %s, although its signature is valid', async (_, claims) => {
    await expect(verify(claims)).rejects.toThrow(AuthenticationError);
  });
});

/** Two instances on one empty store. */
interface Opened extends AsyncDisposable {
  readonly one: SharedText;
  readonly other: SharedText;
}

async function openEmbedded(): Promise<Opened> {
  const { store, ...opened } = openSqlite({ now: () => NOON });
  const text = () => new SqliteSharedText(store.database, store.commits, 'job-token-secrets');
  return { one: text(), other: text(), [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

async function openShared(): Promise<Opened> {
  await using opening = new AsyncDisposableStack();
  const redis = opening.use(await RedisServer.start());
  const open = async () => {
    const { client } = opening.use(await openRedis([redis.url]));
    return new RedisSharedText(client, keys.jobTokenSecrets);
  };
  const [one, other] = [await open(), await open()];
  const opened = opening.move();
  return { one, other, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function tokensOn(text: SharedText, clock: FakeClock): JobTokens {
  return new JobTokens(new JobTokenSecrets({ text, now: clock.now, randomBytes }));
}

describe.each([
  ['SQLite', openEmbedded],
  ['Redis', openShared],
])('the secrets of job tokens in %s', (_, open) => {
  it('are replaced every week, and the earlier one still verifies its tokens', async () => {
    await using opened = await open();
    const clock = new FakeClock();
    const [one, other] = [tokensOn(opened.one, clock), tokensOn(opened.other, clock)];
    const issue = (tokens: JobTokens) => tokens.issue('ada', ID, clock.now(), clock.now() + DAY);
    const first = await issue(one);
    expect(kidOf(await issue(other))).toBe(kidOf(first));
    clock.jump(7 * DAY - SECOND);
    const last = await issue(one);
    expect(kidOf(last)).toBe(kidOf(first));
    clock.jump(SECOND);
    const rotated = await issue(one);
    expect(kidOf(rotated)).not.toBe(kidOf(first));
    // The other instance has not read the secrets since the rotation.
    clock.jump(SECOND);
    expect(await other.verify(rotated, clock.now())).toMatchObject({ jobId: ID });
    expect(kidOf(await issue(other))).toBe(kidOf(rotated));
    clock.jump(DAY - 3 * SECOND);
    for (const tokens of [one, other]) {
      expect(await tokens.verify(last, clock.now())).toMatchObject({ jobId: ID });
    }
    // Longer than the maximum lifetime of a token: the secret is refused, whatever `exp` the token has.
    clock.jump(10 * MINUTE);
    const forged = await resign(opened.one, kidOf(first), clock.now());
    for (const tokens of [one, other]) {
      await expect(tokens.verify(forged, clock.now())).rejects.toThrow(AuthenticationError);
    }
  });

  it('are the same when two instances create the first at the same time', async () => {
    await using opened = await open();
    const clock = new FakeClock();
    const instances = [tokensOn(opened.one, clock), tokensOn(opened.other, clock)];
    const tokens = await Promise.all(
      instances.flatMap((each) => [1, 2].map(() => each.issue('ada', ID, NOON, NOON + HOUR))),
    );
    expect(new Set(tokens.map(kidOf)).size).toBe(1);
    for (const token of tokens) expect(await instances[1]?.verify(token, NOON)).toMatchObject({ jobId: ID });
  });

  it('stop working within a minute when they are removed from the store', async () => {
    await using opened = await open();
    const clock = new FakeClock();
    const [one, other] = [tokensOn(opened.one, clock), tokensOn(opened.other, clock)];
    const leaked = await one.issue('ada', ID, NOON, NOON + HOUR);
    await other.verify(leaked, NOON);
    await opened.one.replace(await opened.one.read(), '');
    clock.jump(MINUTE);
    for (const tokens of [one, other]) {
      await expect(tokens.verify(leaked, clock.now())).rejects.toThrow(AuthenticationError);
    }
    const fresh = await one.issue('ada', ID, clock.now(), clock.now() + HOUR);
    clock.jump(SECOND);
    expect(await other.verify(fresh, clock.now())).toMatchObject({ jobId: ID });
  });
});

it('unknown secrets are looked up once a second at most, and an unreachable store does not make a token invalid', async () => {
  const clock = new FakeClock();
  let reads = 0;
  let isAway = false;
  const tokens = tokensOn(
    {
      read: async () => {
        reads += 1;
        if (isAway) throw new StoreUnavailableError('away');
        return '[]';
      },
      replace: async () => false,
    },
    clock,
  );
  const unknown = await jobTokensOf().issue('ada', ID, NOON, NOON + DAY);
  for (let second = 0; second < 3; second += 1) {
    for (let i = 0; i < 10; i += 1) {
      await expect(tokens.verify(unknown, clock.now())).rejects.toThrow(AuthenticationError);
    }
    clock.jump(SECOND);
  }
  expect(reads).toBe(3);
  isAway = true;
  await expect(tokens.verify(unknown, clock.now())).rejects.toThrow(AuthUnavailableError);
});

function kidOf(token: string): string | undefined {
  return decodeProtectedHeader(token.slice('rgj_'.length)).kid;
}

/** A new token, signed with a secret of the store. */
async function resign(text: SharedText, kid: string | undefined, now: number): Promise<string> {
  const entries: { id: string; secret: string }[] = JSON.parse((await text.read()) ?? '');
  const entry = entries.find(({ id }) => id === kid);
  const jwt = await new SignJWT({ sub: 'ada', job: ID, iat: now / 1000, exp: now / 1000 + 60 })
    .setProtectedHeader({ alg: 'HS256', typ: 'reelgate-job+jwt', kid: kid ?? '' })
    .sign(Buffer.from(entry?.secret ?? '', 'base64'));
  return `rgj_${jwt}`;
}
