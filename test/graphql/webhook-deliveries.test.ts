import { expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { deliveryIdOf, type DeliveryResult } from '../../src/store/webhook-deliveries.ts';
import { signToken, SIGN_IN } from '../auth/tokens.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { answerOf, type GraphQLAnswer, postBody } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import { SECRET } from '../webhooks/webhook-settings.ts';

const URL = 'https://hooks.example.com/done';
const FIELDS = 'id url event attempts lastStatus lastError nextAttemptAt deliveredAt';
const READ = `query ($id: ID!) { videoJob(id: $id) { webhookDeliveries { ${FIELDS} } } }`;
const REDELIVER = `mutation ($id: ID!) { redeliverWebhook(id: $id) { ${FIELDS} } }`;
const GIVEN_UP: DeliveryResult = {
  attempts: 7,
  lastStatus: 410,
  lastError: `The receiver answered 410.${' '.repeat(300)}`,
  nextAttemptAt: null,
  deliveredAt: null,
};

/** Completes a job of Ada with one webhook, and stores the result of its attempt. */
async function finishedJob(gateway: Gateway, result: DeliveryResult): Promise<Job> {
  const jobs = new JobMover(gateway);
  const { id } = await jobs.accept({ ownerId: 'ada', webhookUrl: URL });
  const job = await jobs.move(id, ...WHOLE_LIFE);
  for (const leased of await gateway.deliveries.lease({ now: NOON, limit: 1, leaseUntil: NOON + MINUTE }))
    expect(await gateway.deliveries.settle(leased, result)).not.toBeNull();
  return job;
}

/** Runs an operation with a token. */
async function send(gateway: Gateway, token: string, query: string, id: string): Promise<GraphQLAnswer> {
  const headers = { authorization: `Bearer ${token}` };
  const { text } = await postBody(gateway.url, JSON.stringify({ query, variables: { id } }), headers);
  return answerOf(text);
}

it('of a job are read by its owner, each with its state', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const job = await finishedJob(gateway, GIVEN_UP);
  const { id: unfinished } = await new JobMover(gateway).accept({ ownerId: 'ada', webhookUrl: URL });
  const ada = await signToken();
  expect(await send(gateway, ada, READ, job.id)).toEqual({
    data: {
      videoJob: {
        webhookDeliveries: [
          {
            id: deliveryIdOf(job, URL),
            url: URL,
            event: 'video_job.completed',
            attempts: 7,
            lastStatus: 410,
            lastError: GIVEN_UP.lastError?.slice(0, 200),
            nextAttemptAt: null,
            deliveredAt: null,
          },
        ],
      },
    },
  });
  expect(await send(gateway, ada, READ, unfinished)).toMatchObject({
    data: { videoJob: { webhookDeliveries: [] } },
  });
});

it('are read anew by each field of a mutation: the one before may have ended the job', async () => {
  const settings = { WEBHOOK_SECRET: SECRET, PUBLIC_URL: 'https://video.example.com' };
  await using gateway = await startGateway({ settings });
  const input = { ...INPUT, idempotencyKey: 'press-1', webhookUrl: URL };
  const { job } = await generate(gateway.url, input);
  const query = `mutation ($input: GenerateVideoInput!, $id: ID!) {
    before: generateVideo(input: $input) { ... on GenerateVideoSuccess { job { webhookDeliveries { url } } } }
    after: cancelVideoJob(id: $id) { ... on CancelVideoJobSuccess { job { webhookDeliveries { url } } } }
  }`;
  const { text } = await postBody(gateway.url, JSON.stringify({ query, variables: { input, id: job?.id } }));
  expect(answerOf(text).data).toEqual({
    before: { job: { webhookDeliveries: [] } },
    after: { job: { webhookDeliveries: [{ url: URL }] } },
  });
});

it('are not for a job token, which a browser may have', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const job = await finishedJob(gateway, GIVEN_UP);
  const token = await gateway.jobTokens.issue('ada', job.id, NOON, NOON + MINUTE);
  const read = await send(gateway, token, READ, job.id);
  expect([read.data, read.errors?.[0]?.extensions?.['code']]).toEqual([{ videoJob: null }, 'FORBIDDEN']);
  const again = await send(gateway, token, REDELIVER, deliveryIdOf(job, URL));
  expect([again.data, again.errors?.[0]?.extensions?.['code']]).toEqual([
    { redeliverWebhook: null },
    'FORBIDDEN',
  ]);
  expect(await gateway.deliveries.nextDueAt()).toBeNull();
});

it('are sent again no more often than jobs are generated', async () => {
  await using gateway = await startGateway({ settings: { ...SIGN_IN, GENERATE_RPM_PER_OWNER: '1' } });
  const id = deliveryIdOf(await finishedJob(gateway, GIVEN_UP), URL);
  const token = await signToken();
  expect((await send(gateway, token, REDELIVER, id)).errors).toBeUndefined();
  expect((await send(gateway, token, REDELIVER, id)).errors).toMatchObject([
    { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 60 } },
  ]);
});

it('are sent again at once, by the owner with the scope to generate only', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const delivered = { ...GIVEN_UP, lastStatus: 204, lastError: null, deliveredAt: NOON };
  const job = await finishedJob(gateway, delivered);
  const id = deliveryIdOf(job, URL);
  const codeFor = async (claims: object, deliveryId = id) => {
    const { errors } = await send(gateway, await signToken(claims), REDELIVER, deliveryId);
    return errors?.[0]?.extensions?.['code'];
  };
  expect(await codeFor({ sub: 'bob' })).toBe('NOT_FOUND');
  expect(await codeFor({ scope: 'video:read' })).toBe('FORBIDDEN');
  for (const unknown of [
    '',
    job.id,
    deliveryIdOf(job, `${URL}/other`),
    deliveryIdOf({ ...job, id: 'vj_none' }, URL),
  ])
    expect(await codeFor({}, unknown)).toBe('NOT_FOUND');
  expect(await gateway.deliveries.nextDueAt()).toBeNull();
  gateway.clock.jump(SECOND);
  expect(await send(gateway, await signToken(), REDELIVER, id)).toMatchObject({
    data: { redeliverWebhook: { id, nextAttemptAt: new Date(NOON + SECOND).toISOString() } },
  });
  expect(await gateway.deliveries.nextDueAt()).toBe(NOON + SECOND);
});
