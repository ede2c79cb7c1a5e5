import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { answerOf, postBody } from '../../support/gateway/http.ts';
import { spawnGateway, type SeenJob, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { OtlpReceiver, type ReceivedSpan } from '../../support/otlp-receiver.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT_SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${CLIENT_SPAN}-01`;
const PROMPT = 'a cat with a secret';
const IMAGE = 'https://example.com/secret-cat.png';

/** Submits a job in a trace of the client. @returns its id */
async function generateIn(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  options: object = {},
): Promise<string> {
  const query = `mutation Make($input: GenerateVideoInput!) { generateVideo(input: $input) { ... on GenerateVideoSuccess { job { id } } } }`;
  const body = JSON.stringify({ query, variables: { input: { image: IMAGE, prompt: PROMPT, ...options } } });
  const { text } = await postBody(url, body, headers);
  const { data } = answerOf<{ generateVideo: { job: SeenJob } }>(text);
  return data?.generateVideo.job.id ?? '';
}

/** A receiver of webhooks that keeps the traces of their requests. */
async function startHook() {
  const traceparents: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    traceparents.push(headers['traceparent']);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return { origin, traceparents, [Symbol.dispose]: () => server.close().closeAllConnections() };
}

const ofJob = (spans: readonly ReceivedSpan[], id: string) =>
  spans.filter(({ attributes }) => attributes['reelgate.job.id'] === id);

const instances = (spans: readonly ReceivedSpan[]) =>
  new Set(spans.map(({ resource }) => resource['service.instance.id']));

test('one job is one trace, from the client through the mutation, the steps, the calls, the archive and the webhook to the subscriber', async () => {
  await using receiver = await OtlpReceiver.start();
  using hook = await startHook();
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    ...receiver.settings,
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '50',
    PUBLIC_URL: 'http://127.0.0.1:4000',
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
    WEBHOOK_ORIGINS: hook.origin,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  const webhookUrl = `${hook.origin}/secret-path`;
  const id = await generateIn(gateway.url, { traceparent: TRACEPARENT }, { webhookUrl });
  const history = await watchToEnd(gateway.url, id);
  await receiver.received('store video file', 'POST webhook', 'subscription videoJobUpdated');
  const { origin } = new URL(receiver.settings.OTEL_EXPORTER_OTLP_ENDPOINT);
  expect(gateway.output()).toContain(`traces are sent to ${origin}"`);
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);

  const { spans } = receiver;
  const mutation = spans.find(({ name }) => name === 'mutation generateVideo');
  expect(mutation).toMatchObject({ traceId: TRACE, parentSpanId: CLIENT_SPAN, kind: 2 });
  expect(mutation?.attributes).toMatchObject({
    'graphql.operation.type': 'mutation',
    'graphql.operation.name': 'Make',
  });
  const all = ofJob(spans, id);
  expect(new Set(all.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect(new Set(all.map(({ status }) => status.code))).toEqual(new Set([0]));
  const link = { traceId: TRACE, spanId: mutation?.spanId };

  // The queue: each step continues the trace and links to the operation that created the job.
  const steps = all.filter(({ name }) => name.endsWith(' video job'));
  expect(new Set(steps.map(({ name }) => name))).toEqual(
    new Set(['submit video job', 'poll video job', 'collect video job']),
  );
  for (const step of steps) {
    expect(step).toMatchObject({ parentSpanId: mutation?.spanId, kind: 5, links: [link] });
    expect(BigInt(step.endTimeUnixNano) >= BigInt(step.startTimeUnixNano)).toBe(true);
  }
  // Each call is made within its step.
  const calls = all.filter(({ attributes }) => 'gen_ai.request.model' in attributes);
  expect(new Set(calls.map(({ attributes }) => attributes['reelgate.upstream.call']))).toEqual(
    new Set(['submit', 'status', 'result']),
  );
  const stepIds = steps.map(({ spanId }) => spanId);
  for (const call of calls) {
    expect(stepIds).toContain(call.parentSpanId);
    expect(call).toMatchObject({ kind: 3, attributes: { 'http.response.status_code': 200 } });
  }
  expect(calls.length).toBe(steps.length);
  const archived = all.filter(({ name }) => name === 'store video file');
  expect(archived).toMatchObject([{ parentSpanId: mutation?.spanId, links: [link] }]);
  const sent = all.filter(({ name }) => name === 'POST webhook');
  expect(sent).toMatchObject([{ parentSpanId: mutation?.spanId, links: [link] }]);
  expect(hook.traceparents).toEqual([`00-${TRACE}-${mutation?.spanId}-01`]);
  // The messages are in the trace of the job, and link to the subscription, which is in another one.
  const subscription = spans.find(({ name }) => name === 'subscription videoJobUpdated');
  const messages = all.filter(({ name }) => name === 'send videoJobUpdated');
  expect(messages.map(({ attributes }) => Number(attributes['reelgate.job.version']))).toEqual(
    history.map(({ version }) => version),
  );
  expect(subscription?.traceId).not.toBe(TRACE);
  for (const message of messages) {
    expect(message).toMatchObject({ parentSpanId: mutation?.spanId, kind: 4 });
    expect(message.links[1]).toMatchObject({ spanId: subscription?.spanId });
  }
  expect(mutation?.resource).toMatchObject({
    'service.name': 'reelgate',
    'deployment.environment.name': 'test',
  });
  expect(JSON.stringify(spans)).not.toMatch(/secret|sandbox\/|anonymous/);
});

test('instances on Redis share the trace of a job, also when its poller is killed', async () => {
  await using receiver = await OtlpReceiver.start();
  await using redis = await RedisServer.start({ appendOnly: true });
  await using upstream = await startCountingUpstream();
  const settings = {
    ...receiver.settings,
    REDIS_URL: redis.url,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_RPM: '0',
    SEGMIND_TIMEOUT_MS: '1000',
  };
  const [api, first] = await Promise.all(
    ['api', 'poller'].map((ROLE) => spawnGateway({ ...settings, ROLE })),
  );
  await using owned = new AsyncDisposableStack();
  owned.use(api);
  owned.use(first);
  const id = await generateIn(api?.url ?? '', { traceparent: TRACEPARENT });
  await receiver.received('mutation generateVideo', 'submit video job');
  first?.kill('SIGKILL');
  await first?.exited;
  await using second = await spawnGateway({ ...settings, ROLE: 'poller' });
  const history = await watchToEnd(api?.url ?? '', id);
  expect(history.at(-1)?.status).toBe('COMPLETED');
  await receiver.received('collect video job', 'send videoJobUpdated');
  second.kill('SIGTERM');
  await second.exited;

  const all = ofJob(receiver.spans, id);
  expect(new Set(all.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  const steps = all.filter(({ name }) => name.endsWith(' video job'));
  expect([instances(steps).size, instances(receiver.spans).size]).toEqual([2, 3]);
  const mutation = receiver.spans.find(({ name }) => name === 'mutation generateVideo');
  expect(new Set(steps.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([mutation?.spanId]));
});

/** Writes a line when the SDK of OpenTelemetry is loaded. */
const NOTE_SDK = `--import=data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module';
   registerHooks({ load: (url, context, next) => {
     if (url.includes('@opentelemetry/sdk-trace/')) console.error('the SDK is loaded');
     return next(url, context);
   } });`,
)}`;

test('by default the SDK is not loaded', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, NODE_OPTIONS: NOTE_SDK });
  await generateIn(gateway.url, { traceparent: TRACEPARENT });
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);
  expect(gateway.output()).not.toContain('the SDK is loaded');
});

test('with an endpoint, spans are sent as protobuf, compressed and with the headers of the settings', async () => {
  await using receiver = await OtlpReceiver.start();
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    NODE_OPTIONS: NOTE_SDK,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-the-collector',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_SERVICE_NAME: 'video-gateway',
  });
  await generateIn(gateway.url, { traceparent: TRACEPARENT });
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);
  expect(gateway.output()).toContain('the SDK is loaded');
  const [request] = receiver.requests;
  expect(request).toMatchObject({
    path: '/v1/traces',
    type: 'application/x-protobuf',
    headers: { authorization: 'Bearer of-the-collector', 'content-encoding': 'gzip' },
  });
  for (const part of [Buffer.from(TRACE, 'hex'), 'mutation generateVideo', 'video-gateway']) {
    expect(request?.body.includes(part)).toBe(true);
  }
});

test('a collector that does not answer delays no job and no stop, and is one line in the log', async () => {
  await using receiver = await OtlpReceiver.start();
  receiver.status = null;
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    ...receiver.settings,
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '50',
    OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    OTEL_BSP_MAX_QUEUE_SIZE: '4',
  });
  const history = await watchToEnd(gateway.url, await generateIn(gateway.url));
  expect(history.at(-1)?.status).toBe('COMPLETED');
  const batches = async () => {
    await postBody(gateway.url, '{"query":"{ __typename }"}');
    return receiver.requests.length;
  };
  await expect.poll(batches).toBeGreaterThan(4);
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toBe(0);
  const lines = gateway
    .output()
    .split('\n')
    .filter((line) => line.includes('spans could not be sent'));
  expect(lines.filter((line) => !line.includes('"repeated":'))).toHaveLength(1);
});
