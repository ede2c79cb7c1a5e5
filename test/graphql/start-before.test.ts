import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT, tryGenerate } from '../support/gateway/generate.ts';
import { dataOf } from '../support/gateway/http.ts';
import { MINUTE, NOON } from '../support/times.ts';

const iso = (time: number) => new Date(time).toISOString();

async function startBefore(url: string, id: string | undefined): Promise<string | null> {
  const { videoJob } = await dataOf<{ videoJob: { startBefore: string | null } }>(
    url,
    'query ($id: ID!) { videoJob(id: $id) { startBefore } }',
    { id },
  );
  return videoJob.startBefore;
}

it('is stored with the job, and null without one', async () => {
  await using gateway = await startGateway();
  const timed = await generate(gateway.url, { ...INPUT, startBefore: '2099-01-01T01:00:00.5+01:00' });
  const without = await generate(gateway.url, { ...INPUT, startBefore: null });
  expect(await startBefore(gateway.url, timed.job?.id)).toBe('2099-01-01T00:00:00.500Z');
  expect(await startBefore(gateway.url, without.job?.id)).toBeNull();
});

it.each([NOON, NOON - 1, -1])('is an issue of the input when it is not in the future: %i', async (time) => {
  await using gateway = await startGateway();
  const issue = { path: ['startBefore'], message: 'must be in the future' };
  expect(await generate(gateway.url, { ...INPUT, startBefore: iso(time) })).toMatchObject({
    __typename: 'GenerateVideoInvalidInput',
    issues: [issue],
  });
  const { issues } = await generate(gateway.url, { ...INPUT, startBefore: iso(time), prompt: '' });
  expect(issues).toEqual([{ path: ['prompt'], message: 'must not be empty' }, issue]);
  expect(await gateway.store.nextDueAt()).toBeNull();
});

it('may be in the next millisecond', async () => {
  await using gateway = await startGateway();
  expect((await generate(gateway.url, { ...INPUT, startBefore: iso(NOON + 1) })).job).toBeDefined();
});

it('is refused when it is no time', async () => {
  await using gateway = await startGateway();
  const { errors = [] } = await tryGenerate(gateway.url, { ...INPUT, startBefore: 'soon' });
  expect(errors[0]?.message).toContain('input.startBefore');
});

it('does not refuse a repeated call that comes after it', async () => {
  await using gateway = await startGateway();
  const keyed = { ...INPUT, idempotencyKey: 'press-1', startBefore: iso(NOON + MINUTE) };
  const first = await generate(gateway.url, keyed);
  gateway.clock.jump(2 * MINUTE);
  expect(await generate(gateway.url, keyed)).toMatchObject({
    deduplicated: true,
    job: { id: first.job?.id },
  });
  expect((await generate(gateway.url, { ...keyed, prompt: 'another' })).code).toBe('IDEMPOTENCY_CONFLICT');
  const { issues } = await generate(gateway.url, { ...keyed, idempotencyKey: 'press-2' });
  expect(issues?.map(({ path }) => path)).toEqual([['startBefore']]);
});

it('does not distinguish requests: a repeated key gives the job with its first time', async () => {
  await using gateway = await startGateway();
  const keyed = { ...INPUT, idempotencyKey: 'press-1' };
  const first = await generate(gateway.url, { ...keyed, startBefore: iso(NOON + MINUTE) });
  for (const again of [keyed, { ...keyed, startBefore: iso(NOON + 5 * MINUTE) }]) {
    const { deduplicated, job } = await generate(gateway.url, again);
    expect([deduplicated, job?.id]).toEqual([true, first.job?.id]);
  }
  expect(await startBefore(gateway.url, first.job?.id)).toBe(iso(NOON + MINUTE));
});
