import { expect, test } from 'vitest';
import { startGateway } from '../../support/gateway/gateway.ts';
import { INPUT } from '../../support/gateway/generate.ts';
import { answerOf, postBody } from '../../support/gateway/http.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';
import { TRANSPORTS } from '../../support/gateway/streams.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { OtlpReceiver } from '../../support/otlp-receiver.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const OTHER = '1bf7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${SPAN}-01`;

const GENERATE = `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ... on GenerateVideoSuccess { job { id } } } }`;
const PARAMS = { query: GENERATE, variables: { input: INPUT } };

interface Answer {
  readonly generateVideo: { readonly job: { readonly id: string } };
}

/** A gateway, how to submit a job by HTTP, and how to read the trace of a job. */
async function start(settings: Readonly<Record<string, string>> = {}) {
  const gateway = await startGateway({ settings });
  return {
    gateway,
    post: async (headers: Readonly<Record<string, string>> = {}): Promise<string | null> => {
      const { text } = await postBody(gateway.url, JSON.stringify(PARAMS), headers);
      return answerOf<Answer>(text).data?.generateVideo.job.id ?? null;
    },
    traceOf: async (id: string | null) => {
      const [job] = await gateway.store.getMany([id ?? '']);
      return job?.traceparent ?? null;
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

async function submitOver(client: WsClient, id: string, extensions?: object): Promise<string> {
  client.send({ id, type: 'subscribe', payload: { ...PARAMS, ...(extensions && { extensions }) } });
  const { data } = await client.result<Answer>(id);
  return data?.generateVideo.job.id ?? '';
}

test('a job has the trace of its mutation, which continues that of the client', async () => {
  await using receiver = await OtlpReceiver.start();
  await using started = await start(receiver.settings);
  const { gateway, post, traceOf } = started;
  const inTrace = await traceOf(await post({ traceparent }));
  const malformed = await traceOf(await post({ traceparent: `${traceparent}-more` }));
  const without = await traceOf(await post());
  await gateway.stop();
  const spans = receiver.spans.filter(({ name }) => name === 'mutation generateVideo');
  expect(spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toEqual([
    inTrace,
    malformed,
    without,
  ]);
  expect(spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(3);
  for (const span of spans.slice(1)) expect(span.parentSpanId ?? '').toBe('');
});

test('by WebSocket a message has a trace of its own, else that of the upgrade request', async () => {
  await using receiver = await OtlpReceiver.start();
  await using started = await start(receiver.settings);
  const { gateway, traceOf } = started;
  using client = await WsClient.connect(gateway.url, { headers: { traceparent } });
  const own = await submitOver(client, '1', { traceparent: `00-${OTHER}-${SPAN}-01` });
  const inherited = await submitOver(client, '2');
  const malformed = await submitOver(client, '3', { traceparent: ['nonsense'] });
  const traces = await Promise.all([own, inherited, malformed].map(traceOf));
  expect(traces.map((trace) => trace?.slice(3, 35))).toEqual([OTHER, TRACE, TRACE]);
});

test('without tracing a job has the trace of the client, if it is valid', async () => {
  await using started = await start();
  const { post, traceOf } = started;
  expect(await traceOf(await post({ traceparent: `cc-${TRACE}-${SPAN}-01-later` }))).toBe(traceparent);
  expect(await traceOf(await post({ traceparent: traceparent.toUpperCase() }))).toBeNull();
  expect(await traceOf(await post())).toBeNull();
});

test.each([
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, '01', '00'],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, '01', '00'],
  [{}, '00', '00'],
])('with %j and the flags %s nothing is sent, and the job has the flags %s', async (sampler, flags, kept) => {
  await using receiver = await OtlpReceiver.start();
  await using started = await start({ ...receiver.settings, ...sampler });
  const { gateway, post, traceOf } = started;
  const trace = await traceOf(await post({ traceparent: `00-${TRACE}-${SPAN}-${flags}` }));
  expect([trace?.slice(0, 36), trace?.slice(-2)]).toEqual([`00-${TRACE}-`, kept]);
  await gateway.stop();
  expect(receiver.requests).toEqual([]);
});

test.each([
  ['{ nothing }', 'GraphQL operation', 'GRAPHQL_VALIDATION_FAILED'],
  ['{ a: videoJob(id: "1") { id } __typename }', 'query', undefined],
  ['query Named { b: videoJob(id: "1") { id } }', 'query videoJob', undefined],
  ['subscription { videoJobUpdated(id: "1") { id } }', 'subscription videoJobUpdated', 'NOT_FOUND'],
])('the span of %s is called %s and has the error %s', async (query, name, error) => {
  await using receiver = await OtlpReceiver.start();
  await using gateway = await startGateway({ settings: receiver.settings });
  await postBody(gateway.url, JSON.stringify({ query }));
  await gateway.stop();
  expect(receiver.spans).toMatchObject([{ name, kind: 2, status: { code: error === undefined ? 0 : 2 } }]);
  expect(receiver.spans[0]?.attributes['error.type']).toBe(error);
});

test.each(TRANSPORTS)('a message by $name is in the trace of its job', async ({ open }) => {
  await using receiver = await OtlpReceiver.start();
  await using gateway = await startGateway({ settings: receiver.settings });
  const mover = new JobMover(gateway);
  using stream = await open(gateway.url, 'subscription { videoJobsUpdated { version } }');
  await expect.poll(() => gateway.store.listenerCount).toBe(1);
  await mover.accept();
  await stream.result();
  const job = await mover.accept({ traceparent });
  await stream.result();
  await gateway.stop();
  const messages = receiver.spans.filter(({ name }) => name === 'send videoJobsUpdated');
  expect(messages).toMatchObject([
    { traceId: TRACE, parentSpanId: SPAN, attributes: { 'reelgate.job.id': job.id } },
  ]);
  const subscription = receiver.spans.find(({ name }) => name === 'subscription videoJobsUpdated');
  expect(messages[0]?.links.map(({ spanId }) => spanId)).toEqual([SPAN, subscription?.spanId]);
});
