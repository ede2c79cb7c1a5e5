import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { expect, test, vi } from 'vitest';
import { WEBHOOK_DOCUMENT } from '../../../src/webhooks/message.ts';
import { dataOf } from '../../support/gateway/http.ts';
import { generate, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort, listenOnFreePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { SECRET, webhookSecret } from '../../webhooks/webhook-settings.ts';

const OWN = webhookSecret(9);
const WAIT = { timeout: 30_000, interval: 20 };

interface Received {
  readonly path: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: string;
}

interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly id: string;
    readonly finishedAt: string;
    readonly video: { readonly url: string } | null;
  };
}

/** A receiver that accepts every message. */
async function startReceiver() {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      received.push({ path: request.url, headers, body });
      response.writeHead(204).end();
    });
  });
  const origin = `http://127.0.0.1:${await listenOnFreePort(server)}`;
  return {
    origin,
    /** Waits for messages at a path. */
    at: (path: string, count: number) =>
      vi.waitFor(() => {
        const found = received.filter((one) => one.path === path);
        expect(found).toHaveLength(count);
        return found;
      }, WAIT),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The message, if the library of Standard Webhooks accepts it; null: it refuses the signature. */
function verified({ headers, body }: Received, secret: string): Message | null {
  try {
    new Webhook(secret).verify(body, headers);
  } catch {
    return null;
  }
  const message: Message = JSON.parse(body);
  return message;
}

function isSignedWith(publicKey: string, { headers, body }: Received): boolean {
  const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  const [, signature = ''] = / v1a,(\S+)/.exec(` ${headers['webhook-signature']}`) ?? [];
  return verify(null, content, key, Buffer.from(signature, 'base64'));
}

test('a job is announced to its URL and to its owner’s endpoint, as GraphQL shows it', async () => {
  await using resources = new AsyncDisposableStack();
  const { path } = resources.use(tempFolder());
  const receiver = resources.use(await startReceiver());
  const endpoints = join(path, 'endpoints.json');
  writeFileSync(
    endpoints,
    JSON.stringify([{ owner: 'anonymous', url: `${receiver.origin}/endpoint`, secret: OWN }]),
  );
  const port = await freePort();
  const gateway = resources.use(
    await spawnGateway({
      DATA_DIR: path,
      SANDBOX_SPEED: '50',
      LOG_LEVEL: 'trace',
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      WEBHOOK_SECRET: SECRET,
      WEBHOOK_ORIGINS: receiver.origin,
      WEBHOOK_ENDPOINTS_FILE: endpoints,
    }),
  );

  const webhookUrl = `${receiver.origin}/chosen?token=1`;
  const { id } = await generate(gateway.url, {
    prompt: 'a cat',
    resolution: 'R360',
    videoLength: 1,
    webhookUrl,
  });
  const [[chosen], [toEndpoint]] = await Promise.all([
    receiver.at('/chosen?token=1', 1),
    receiver.at('/endpoint', 1),
  ]);
  if (chosen === undefined || toEndpoint === undefined) throw new Error('A message is missing.');
  const { videoJob } = await dataOf<{ videoJob: Message['data'] }>(
    gateway.url,
    `query ($id: ID!) { videoJob(id: $id) ${WEBHOOK_DOCUMENT} }`,
    { id },
  );
  const expected = { type: 'video_job.completed', timestamp: videoJob.finishedAt, data: videoJob };
  expect([verified(chosen, SECRET), verified(chosen, OWN)]).toEqual([expected, null]);
  expect([verified(toEndpoint, OWN), verified(toEndpoint, SECRET)]).toEqual([expected, null]);
  const published = await fetch(`${gateway.url}/.well-known/reelgate-webhook-key`);
  const { keys }: { keys: string[] } = JSON.parse(await published.text());
  for (const message of [chosen, toEndpoint]) expect(isSignedWith(`${keys[0]}`, message)).toBe(true);
  const video = await fetch(`${videoJob.video?.url}`);
  expect([video.status, video.headers.get('content-type')]).toEqual([200, 'video/mp4']);

  // The attempt is stored after its answer.
  const delivery = await vi.waitFor(async () => {
    const read = await dataOf<{ videoJob: { webhookDeliveries: { id: string; url: string }[] } }>(
      gateway.url,
      'query ($id: ID!) { videoJob(id: $id) { webhookDeliveries { id url event attempts lastStatus lastError nextAttemptAt deliveredAt } } }',
      { id },
    );
    const one = read.videoJob.webhookDeliveries.find(({ url }) => url === webhookUrl);
    const done = { attempts: 1, lastStatus: 204, lastError: null, nextAttemptAt: null };
    expect(one).toMatchObject({ ...done, deliveredAt: expect.any(String), event: 'video_job.completed' });
    return one;
  }, WAIT);
  expect(chosen.headers['webhook-id']).toBe(delivery?.id);
  await dataOf(gateway.url, 'mutation ($id: ID!) { redeliverWebhook(id: $id) { id } }', { id: delivery?.id });
  const [, again] = await receiver.at('/chosen?token=1', 2);
  expect([again?.headers['webhook-id'], again?.body]).toEqual([delivery?.id, chosen.body]);

  const failed = await generate(gateway.url, { prompt: 'a cat [sandbox:refused]' });
  const [, ofFailed] = await receiver.at('/endpoint', 2);
  expect(ofFailed === undefined ? null : verified(ofFailed, OWN)).toMatchObject({
    type: 'video_job.failed',
    data: { id: failed.id, status: 'FAILED', video: null, failure: { code: 'REJECTED', charged: 'NO' } },
  });
  expect(gateway.output()).toContain(failed.id);
  for (const secret of [SECRET.slice(6), OWN.slice(6), 'token=1'])
    expect(gateway.output()).not.toContain(secret);
});
