import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { SECRET } from '../webhooks/webhook-settings.ts';

const HOOK = 'https://hooks.example.com/done?token=1';
const SETTINGS = { WEBHOOK_SECRET: SECRET, PUBLIC_URL: 'https://video.example.com' };

it('is stored with the job as URL writes it, and null without one', async () => {
  await using gateway = await startGateway({ settings: SETTINGS });
  const given = [' HTTPS://Hooks.example.com:443/done?token=1 ', null];
  const made = [];
  for (const webhookUrl of given) made.push(await generate(gateway.url, { ...INPUT, webhookUrl }));
  const jobs = await gateway.store.getMany(made.map(({ job }) => job?.id ?? ''));
  expect(jobs.map((job) => job?.webhookUrl)).toEqual([HOOK, null]);
});

it('is an issue of the input beside the others when it is not allowed, and no job is stored', async () => {
  await using gateway = await startGateway({ settings: SETTINGS });
  for (const [webhookUrl, message] of [
    ['http://hooks.example.com/', 'must be an https URL, such as https://example.com/webhook'],
    ['https://10.0.0.1/', 'must be on a public host'],
    ['', 'must be an https URL, such as https://example.com/webhook'],
  ]) {
    const issue = { path: ['webhookUrl'], message };
    const { __typename, issues } = await generate(gateway.url, { ...INPUT, webhookUrl, prompt: '' });
    expect([__typename, issues]).toEqual([
      'GenerateVideoInvalidInput',
      [{ path: ['prompt'], message: 'must not be empty' }, issue],
    ]);
    expect((await generate(gateway.url, { ...INPUT, webhookUrl })).issues).toEqual([issue]);
  }
  expect(await gateway.store.nextDueAt()).toBeNull();
});

it('is an issue of the input on a gateway without a secret', async () => {
  await using gateway = await startGateway();
  expect((await generate(gateway.url, { ...INPUT, webhookUrl: HOOK })).issues).toEqual([
    { path: ['webhookUrl'], message: 'is not supported: this gateway has no WEBHOOK_SECRET' },
  ]);
  expect((await fetch(`${gateway.url}/.well-known/reelgate-webhook-key`)).status).toBe(404);
});

it('does not distinguish requests: a repeated key gives the job with its first URL', async () => {
  await using gateway = await startGateway({ settings: SETTINGS });
  const keyed = { ...INPUT, idempotencyKey: 'press-1' };
  const first = await generate(gateway.url, { ...keyed, webhookUrl: HOOK });
  for (const webhookUrl of [undefined, `${HOOK}&more`, 'http://not.allowed/']) {
    const { deduplicated, job } = await generate(gateway.url, { ...keyed, webhookUrl });
    expect([deduplicated, job?.id]).toEqual([true, first.job?.id]);
  }
  const other = { ...keyed, idempotencyKey: 'press-2', webhookUrl: 'http://not.allowed/' };
  expect((await generate(gateway.url, other)).issues).toMatchObject([{ path: ['webhookUrl'] }]);
  const [job] = await gateway.store.getMany([first.job?.id ?? '']);
  expect(job?.webhookUrl).toBe(HOOK);
});
