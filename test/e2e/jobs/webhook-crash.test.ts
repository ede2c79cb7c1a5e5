import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataOf } from '../../support/gateway/http.ts';
import { generate, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort, listenOnFreePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CANCEL = `mutation ($id: ID!) { cancelVideoJob(id: $id) { ... on CancelVideoJobSuccess { job { id } } } }`;
const DELETE = `mutation ($id: ID!) { deleteVideoJob(id: $id) { ... on DeleteVideoJobSuccess { id } } }`;
const READ = `query ($id: ID!) { videoJob(id: $id) { webhookDeliveries { attempts lastStatus nextAttemptAt deliveredAt } } }`;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let receiver: Server;
let origin: string;
let received: Received[] = [];
/** Answers a request; without an answer the receiver hangs. */
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    void text(request).then(
      (body) => {
        received.push({ headers: request.headers, body });
        answer(response);
      },
      () => {},
    );
  });
  origin = `http://127.0.0.1:${await listenOnFreePort(receiver)}`;
});
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

it('kill -9 at any step loses no webhook, neither of a job that is deleted meanwhile', async () => {
  using folder = tempFolder();
  const settings = {
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'key',
    // The upstream is down, so the job can be canceled.
    SEGMIND_BASE_URL: `http://127.0.0.1:${await freePort()}`,
    PUBLIC_URL: 'http://127.0.0.1:4000',
    WEBHOOK_SECRET: SECRET,
    WEBHOOK_ORIGINS: origin,
  };
  received = [];
  answer = () => {};
  const ids: string[] = [];
  {
    // Killed as soon as the end is stored, maybe before the message is sent.
    await using gateway = await spawnGateway(settings);
    for (const name of ['kept', 'deleted']) {
      const { id } = await generate(gateway.url, { prompt: name, webhookUrl: `${origin}/hook` });
      // While it is being sent it cannot be canceled.
      await expect
        .poll(() => dataOf(gateway.url, CANCEL, { id }), { timeout: 30_000, interval: 5 })
        .toEqual({ cancelVideoJob: { job: { id } } });
      ids.push(id);
    }
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  const [kept = '', deleted = ''] = ids;
  received = [];
  {
    // Killed while the receiver has the messages, and gives no answer.
    await using gateway = await spawnGateway(settings);
    await until(() => jobsOf(received), ids.toSorted());
    expect(await dataOf(gateway.url, DELETE, { id: deleted })).toEqual({ deleteVideoJob: { id: deleted } });
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  received = [];
  {
    // Killed after a refusal.
    answer = (response) => response.writeHead(503).end();
    await using gateway = await spawnGateway(settings);
    await until(() => jobsOf(received), ids.toSorted());
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  received = [];
  answer = (response) => response.writeHead(204).end();
  await using gateway = await spawnGateway(settings);
  await until(() => jobsOf(received), ids.toSorted());
  for (const { headers, body } of received) {
    const { type, data } = JSON.parse(body);
    expect([type, data.failure.code]).toEqual(['video_job.failed', 'CANCELED']);
    expect(() => new Webhook(SECRET).verify(body, toStrings(headers))).not.toThrow();
  }
  await expect
    .poll(() => dataOf(gateway.url, READ, { id: kept }), { timeout: 30_000 })
    .toMatchObject({
      videoJob: {
        webhookDeliveries: [{ lastStatus: 204, nextAttemptAt: null, deliveredAt: expect.any(String) }],
      },
    });
});

/** The ids of the jobs whose message has arrived. */
function jobsOf(messages: readonly Received[]): string[] {
  return [
    ...new Set(messages.map(({ headers }) => String(headers['webhook-id']).replace(/^wh_\w{10}_/, ''))),
  ].toSorted();
}

function toStrings(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
