import { expect, it } from 'vitest';
import { signToken, SIGN_IN } from '../auth/tokens.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../support/gateway/gateway.ts';
import { answerOf, postBody } from '../support/gateway/http.ts';
import { jobId } from '../support/jobs.ts';
import { NOON, SECOND } from '../support/times.ts';
import { json, type Reply, silence } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

const CREDITS_PATH = '/v1/get-user-credits';

interface Upstream {
  readonly kind: string;
  readonly priceUsd: number | null;
  readonly remainingCredits: number | null;
}

/** A gateway whose upstream answers questions for its credits by script. */
async function start(settings: GatewayOptions['settings'], ...replies: Reply[]) {
  await using resources = new AsyncDisposableStack();
  const upstream = resources.use(await ScriptedUpstream.start());
  upstream.on('GET', CREDITS_PATH, ...replies);
  const gateway = resources.use(
    await startGateway({ settings: { SEGMIND_BASE_URL: upstream.origin, ...settings } }),
  );
  const owned = resources.move();
  return { upstream, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function read(gateway: Gateway, token: string | null = null): Promise<Upstream | string> {
  const body = JSON.stringify({ query: '{ upstream { kind priceUsd remainingCredits } }' });
  const { text } = await postBody(
    gateway.url,
    body,
    token === null ? {} : { authorization: `Bearer ${token}` },
  );
  const { data, errors } = answerOf<{ upstream: Upstream }>(text);
  return data?.upstream ?? String(errors?.[0]?.extensions?.['code']);
}

const creditsOf = async (gateway: Gateway, token: string | null = null) => {
  const upstream = await read(gateway, token);
  return typeof upstream === 'string' ? upstream : upstream.remainingCredits;
};

/** Reads until the credits that were asked for in the background are there. */
async function readUntil(gateway: Gateway, credits: number, token: string | null = null): Promise<void> {
  await expect
    .poll(() => {
      gateway.clock.jump(2 * SECOND);
      return creditsOf(gateway, token);
    })
    .toBe(credits);
}

it('shows the kind of upstream, the price of a video, and the credits once they are known', async () => {
  await using started = await start({}, json(200, { credits: 12.5, 'free-credits': 1 }));
  expect(await read(started.gateway)).toEqual({
    kind: 'PRIVATE_NETWORK',
    priceUsd: 0.53,
    remainingCredits: null,
  });
  await readUntil(started.gateway, 13.5);
});

it('never waits for the upstream', async () => {
  await using started = await start({}, silence);
  for (let i = 0; i < 3; i += 1) {
    expect(await creditsOf(started.gateway)).toBeNull();
    started.gateway.clock.jump(5 * SECOND);
  }
  expect(started.upstream.requests.length).toBeLessThanOrEqual(1);
});

it('shows credits only to callers with the scope gateway:admin, and does not ask for other callers', async () => {
  await using started = await start(SIGN_IN, json(200, { credits: 3 }));
  const { gateway, upstream } = started;
  const reader = await signToken({ scope: 'video:read' });
  expect(await read(gateway, reader)).toEqual({
    kind: 'PRIVATE_NETWORK',
    priceUsd: 0.53,
    remainingCredits: null,
  });
  expect(upstream.requests).toEqual([]);
  const admin = await signToken({ scope: 'video:read gateway:admin' });
  await readUntil(gateway, 3, admin);
  expect(await creditsOf(gateway, reader)).toBeNull();
});

it('needs the scope video:read, and is not for the token of a job', async () => {
  await using started = await start(SIGN_IN, json(200, { credits: 3 }));
  const { gateway } = started;
  const refused = [
    await signToken({ scope: 'video:generate gateway:admin' }),
    await gateway.jobTokens.issue('ada', jobId(NOON), NOON, NOON + 60_000),
  ];
  for (const token of refused) expect(await read(gateway, token)).toBe('FORBIDDEN');
});
