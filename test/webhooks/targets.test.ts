import { createSecretKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { deliveryIdOf } from '../../src/store/webhook-deliveries.ts';
import { WebhookTargets } from '../../src/webhooks/targets.ts';
import { acceptedJob, type JobFields } from '../support/jobs.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { SECRET, webhookSecret, webhookSettings } from './webhook-settings.ts';

const HOOK = 'https://example.com/hook';
const BACKEND = 'https://backend.example.com/hook';
const OWN = webhookSecret(9);

const failedJob = (change: JobFields = {}) => acceptedJob({ phase: 'failed', ...change });

const folder = tempFolder();
afterAll(() => folder[Symbol.dispose]());

function bytesOf(secret: string): Buffer {
  return createSecretKey(secret.slice('whsec_'.length), 'base64').export();
}

function endpointsFile(entries: unknown): string {
  const path = join(folder.path, 'endpoints.json');
  writeFileSync(path, JSON.stringify(entries));
  return path;
}

describe('a URL', () => {
  it.each([
    ['https://example.com/hook?token=1', null],
    ['https://example.com:8443', null],
    ['http://example.com/hook', 'must be an https URL, such as https://example.com/webhook'],
    ['ftp://example.com/hook', 'must be an https URL, such as https://example.com/webhook'],
    ['https:example.com', 'must be an https URL, such as https://example.com/webhook'],
    ['https://user:secret@example.com/', 'must not have a user name or a password'],
    ['https://example.com/#a', 'must not have a fragment'],
    ['https://127.0.0.1/', 'must be on a public host'],
    ['https://0x7f.1/', 'must be on a public host'],
    ['https://[::ffff:10.0.0.1]/', 'must be on a public host'],
    ['https://169.254.169.254/latest', 'must be on a public host'],
    ['https://hooks.internal/', 'must be on a public host'],
    [`https://example.com/${'a'.repeat(2048)}`, 'must be at most 2,048 characters long'],
  ])('%s: %s', (url, refusal) => {
    expect(new WebhookTargets(webhookSettings()).refusalOf(url)).toBe(refusal);
  });

  it('is on a listed origin where origins are listed, which may be private', () => {
    const origins = ['https://hooks.internal', 'http://127.0.0.1:9000'];
    const targets = new WebhookTargets(webhookSettings({ origins }));
    for (const origin of origins) expect(targets.refusalOf(`${origin}/a`)).toBeNull();
    for (const url of ['https://example.com/', 'http://127.0.0.1:9001/', 'http://hooks.internal/'])
      expect(targets.refusalOf(url)).toBe('must be on an origin that the gateway allows for webhooks');
  });

  it('is refused without a secret of the gateway', () => {
    for (const settings of [null, webhookSettings({ secrets: [] })])
      expect(new WebhookTargets(settings).refusalOf(HOOK)).toMatch(/no WEBHOOK_SECRET/);
  });
});

describe('the end of a job', () => {
  const file = endpointsFile([
    { owner: 'ada', url: BACKEND, secret: OWN },
    { owner: 'ada', url: HOOK, secret: `${OWN},${webhookSecret(8)}` },
  ]);
  const targets = new WebhookTargets(webhookSettings({ endpointsFile: file }));

  function hmacFor(ownerId: string): Buffer[] | undefined {
    const job = failedJob({ ownerId, webhookUrl: HOOK });
    return targets.keysFor({ url: HOOK, job })?.hmac.map((key) => key.export());
  }

  it('is announced once to each URL, under an id of its own', () => {
    const job = failedJob({ webhookUrl: HOOK });
    const expected = [BACKEND, HOOK].map((url) => ({ id: deliveryIdOf(job, url), url }));
    expect(targets.targetsOf(job)).toEqual(expected);
    const ofBob = { ownerId: 'bob', webhookUrl: `${HOOK}/bob` };
    expect(targets.targetsOf(failedJob(ofBob))).toMatchObject([{ url: ofBob.webhookUrl }]);
    expect(targets.targetsOf(failedJob({ ownerId: 'bob' }))).toEqual([]);
    expect(targets.targetsOf(acceptedJob({ webhookUrl: HOOK }))).toEqual([]);
  });

  it("is signed with an endpoint's own secret only for its owner", () => {
    expect(hmacFor('ada')).toEqual([bytesOf(OWN), bytesOf(webhookSecret(8))]);
    expect(hmacFor('bob')).toEqual([bytesOf(SECRET)]);
  });

  it('has no keys when its endpoint or the secret was removed', () => {
    const job = failedJob({ webhookUrl: HOOK });
    expect(new WebhookTargets(webhookSettings()).keysFor({ url: BACKEND, job })).toBeNull();
    expect(new WebhookTargets(null).keysFor({ url: HOOK, job })).toBeNull();
  });
});

function opening(entries: unknown): () => WebhookTargets {
  return () => new WebhookTargets(webhookSettings({ endpointsFile: endpointsFile(entries) }));
}

it('names every fault of the endpoints file, and no secret', () => {
  const good = { owner: 'ada', url: HOOK, secret: OWN };
  const wrong = [{ owner: ' ', url: 'http://example.com', secret: 'hunter2', extra: 1 }, good, good, 7];
  expect(opening(wrong)).toThrow(
    /0\.owner: must be 1 to 256[^]*0\.url: must be an https URL[^]*0\.secret: must be one[^]*0: .*extra[^]*3: .*object[^]*2: repeats/,
  );
  expect(opening(wrong)).not.toThrow(/hunter2/);
  const shared = { ...good, secret: `${OWN},${SECRET}` };
  expect(opening([shared])).toThrow('0.secret: is in WEBHOOK_SECRET too');
  expect(opening([])).toThrow('has no endpoint');
  expect(opening({ ada: HOOK })).toThrow(/the file: .*array/);
  const seven = Array.from({ length: 7 }, (_, n) => ({ ...good, url: `${HOOK}/${n}` }));
  expect(opening(seven)).toThrow(/5: is over the limit of 5 endpoints[^]*6: is over the limit/);
});
