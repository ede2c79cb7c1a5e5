import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { recordError } from '../../../src/graphql/status/gateway-status.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { deliveryIdOf } from '../../../src/store/webhook-deliveries.ts';
import { SIGN_IN, signToken } from '../../auth/tokens.ts';
import { createAll, leaseUpTo, present } from '../../contract/job-store-cases/opened-store.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { acceptedJob, completed } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { ENGINES, openEmbedded, type OperatedGateway, sendTo } from './operated-gateway.ts';

const STATUS = `{ gatewayStatus {
  at
  backlog {
    unfinishedJobs phases { phase jobs } owners { ownerId unfinishedJobs } dueJobs oldestDueAt dueFileTasks
    waitingDeliveries quarantinedRecords
  }
  budget { callsPerMinute remainingCalls share pausedUntil isCircuitOpen nextProbeAt failuresInARow }
  instances { role version hostName startedAt }
  oldestJobs { id ownerId phase wait reason createdAt endsAt failureCount nextStepAt isRetryable }
  quarantinedRecords { id error }
  failingDeliveries { id jobId ownerId origin attempts lastStatus lastError nextAttemptAt }
} }`;
const RETRY = `mutation ($id: ID!) { result: retryVideoJobNow(id: $id) {
  __typename
  ... on RetryVideoJobNowSuccess { job { id failureCount nextStepAt isRetryable } }
  ... on RetryVideoJobNowUnchanged { message job { id } }
  ... on VideoJobNotFound { id }
} }`;
const RELEASE = `mutation ($id: ID!) { result: releaseQuarantinedRecord(id: $id) {
  __typename
  ... on ReleaseQuarantinedRecordSuccess { id }
  ... on ReleaseQuarantinedRecordUnreadable { message }
  ... on VideoJobNotFound { id }
} }`;
const PROMPT = 'a prompt that is not for operators';
const HOOK = 'https://hooks.example.com/secret-path';

const fail = async () => {
  throw new Error('The budget was read.');
};
const iso = (time: number) => new Date(time).toISOString();

/** Completes a job with a webhook whose first attempt fails. */
async function failingDelivery({ store, deliveries }: OperatedGateway, job: Job): Promise<void> {
  await createAll(store, [job]);
  const [leased] = await leaseUpTo(store, NOON, 1);
  const end = completed(job, NOON);
  const webhook = { id: deliveryIdOf(end, HOOK), url: HOOK };
  await store.save(present(leased).leaseId, { job: end, schedule: null, deliveries: [webhook] });
  const [delivery] = await deliveries.lease({ now: NOON, limit: 1, leaseUntil: NOON + MINUTE });
  await deliveries.settle(present(delivery), {
    attempts: 1,
    lastStatus: 503,
    lastError: 'The receiver answered 503.',
    nextAttemptAt: NOON + 5 * SECOND,
    deliveredAt: null,
  });
}

/** Pauses the only due job because of failed calls. */
async function pause(store: JobStore, job: Job, notes = {}): Promise<void> {
  const [leased] = await leaseUpTo(store, NOON, 1);
  expect(leased?.job.id).toBe(job.id);
  await store.release(present(leased), { runAt: NOON + MINUTE, failureCount: 6, lastPolledAt: null, notes });
}

describe.each(ENGINES)('the status of a gateway with %s', (_, open) => {
  it('shows what waits and why, what fails, and no prompt', async () => {
    await using operated = await open();
    const { store, budget, send } = operated;
    const request = { ...acceptedJob().request, prompt: PROMPT };
    const done = acceptedJob({ request, ownerId: 'cleo' });
    await failingDelivery(operated, done);
    const paused = acceptedJob({ request, createdAt: NOON - 3 * MINUTE, deadlineAt: NOON + 5 * MINUTE });
    await createAll(store, [paused]);
    await pause(store, paused);
    const damaged = acceptedJob({ request });
    await createAll(store, [damaged]);
    await operated.damage(damaged.id);
    expect(await leaseUpTo(store, NOON, 1)).toEqual([]);
    const due = acceptedJob({
      request,
      ownerId: 'bob',
      createdAt: NOON - MINUTE,
      deadlineAt: NOON + 9 * MINUTE,
    });
    await createAll(store, [due]);
    await budget.onRateLimited(0, 20_000);
    const { data, errors, text } = await send(STATUS);
    expect(errors).toBeUndefined();
    expect(text).not.toContain(PROMPT);
    expect(text).not.toContain('secret-path');
    const phases = ['ACCEPTED', 'SUBMITTING', 'SETTLING', 'QUEUED', 'PROCESSING', 'COLLECTING'];
    const job = { phase: 'ACCEPTED', ownerId: 'ada', isRetryable: false, failureCount: 0 };
    expect(data).toEqual({
      gatewayStatus: {
        at: iso(NOON),
        backlog: {
          unfinishedJobs: 2,
          phases: phases.map((phase) => ({ phase, jobs: phase === 'ACCEPTED' ? 2 : 0 })),
          owners: expect.arrayContaining([
            { ownerId: 'ada', unfinishedJobs: 1 },
            { ownerId: 'bob', unfinishedJobs: 1 },
          ]),
          dueJobs: 1,
          oldestDueAt: iso(NOON - MINUTE),
          dueFileTasks: 0,
          waitingDeliveries: 1,
          quarantinedRecords: 1,
        },
        budget: {
          callsPerMinute: 50,
          remainingCalls: 0,
          share: 0.5,
          pausedUntil: iso(NOON + 20 * SECOND),
          isCircuitOpen: false,
          nextProbeAt: null,
          failuresInARow: 0,
        },
        instances: [
          {
            role: 'API',
            version: expect.stringMatching(/^\d+\.\d+\.\d+/),
            hostName: hostname(),
            startedAt: iso(NOON),
          },
        ],
        oldestJobs: [
          {
            ...job,
            id: paused.id,
            wait: 'RATE_LIMIT',
            reason: 'The upstream answered 429, so all calls are paused.',
            createdAt: iso(NOON - 3 * MINUTE),
            endsAt: iso(NOON + 5 * MINUTE),
            failureCount: 6,
            nextStepAt: iso(NOON + MINUTE),
            isRetryable: true,
          },
          {
            ...job,
            id: due.id,
            ownerId: 'bob',
            wait: 'RATE_LIMIT',
            reason: 'The upstream answered 429, so all calls are paused.',
            createdAt: iso(NOON - MINUTE),
            endsAt: iso(NOON + 9 * MINUTE),
            nextStepAt: iso(NOON + 20 * SECOND),
          },
        ],
        quarantinedRecords: [{ id: damaged.id, error: expect.stringMatching(/\.$/) }],
        failingDeliveries: [
          {
            id: deliveryIdOf(completed(done, NOON), HOOK),
            jobId: done.id,
            ownerId: 'cleo',
            origin: 'https://hooks.example.com',
            attempts: 1,
            lastStatus: 503,
            lastError: 'The receiver answered 503.',
            nextAttemptAt: iso(NOON + 5 * SECOND),
          },
        ],
      },
    });
  });

  it('ends the pause of a job once, and not the wait for another reason', async () => {
    await using operated = await open();
    const { store, send } = operated;
    const job = acceptedJob();
    await createAll(store, [job]);
    await pause(store, job, { lastError: 'HTTP status 503' });
    expect((await send(RETRY, job.id)).data).toEqual({
      result: {
        __typename: 'RetryVideoJobNowSuccess',
        job: { id: job.id, failureCount: 6, nextStepAt: null, isRetryable: false },
      },
    });
    expect(await store.nextDueAt()).toBe(NOON);
    expect((await send(RETRY, job.id)).data).toEqual({
      result: {
        __typename: 'RetryVideoJobNowUnchanged',
        message: 'The job is not paused by failed calls. It is due. A poller takes it next.',
        job: { id: job.id },
      },
    });
    expect(await leaseUpTo(store, NOON, 1)).toMatchObject([{ job, notes: { lastError: 'HTTP status 503' } }]);
    expect((await send(RETRY, job.id)).data).toMatchObject({
      result: { __typename: 'RetryVideoJobNowUnchanged' },
    });
    expect(await leaseUpTo(store, NOON, 1)).toEqual([]);
    expect((await send(RETRY, 'vj_none')).data).toEqual({
      result: { __typename: 'VideoJobNotFound', id: 'vj_none' },
    });
  });

  it('releases a quarantined record once it is repaired', async () => {
    await using operated = await open();
    const { store, send } = operated;
    const job = acceptedJob({ request: { ...acceptedJob().request, prompt: PROMPT } });
    await createAll(store, [job]);
    const repair = await operated.damage(job.id);
    expect(await leaseUpTo(store, NOON, 1)).toEqual([]);
    await store.health();
    const refused = await send(RELEASE, job.id);
    expect(refused.data).toEqual({
      result: {
        __typename: 'ReleaseQuarantinedRecordUnreadable',
        message: expect.stringMatching(/^The record cannot be read: .*\. Repair it first\.$/),
      },
    });
    expect(refused.text).not.toContain(PROMPT.slice(0, 8));
    await repair();
    expect((await send(RELEASE, job.id)).data).toEqual({
      result: { __typename: 'ReleaseQuarantinedRecordSuccess', id: job.id },
    });
    expect(await leaseUpTo(store, NOON, 1)).toMatchObject([{ job }]);
    expect((await send(RELEASE, job.id)).data).toEqual({
      result: { __typename: 'VideoJobNotFound', id: job.id },
    });
  });
});

it.each([
  ['Error: The stored job has an invalid phase.', 'The stored job has an invalid phase.'],
  ['Error: incorrect header check', 'incorrect header check.'],
  [
    "SyntaxError: Expected ',' or '}' after property value in JSON at position 12",
    'The record is not valid JSON.',
  ],
  [
    'SyntaxError: Unexpected token \'a\', "{"prompt":a cat"... is not valid JSON',
    'The record is not valid JSON.',
  ],
])('the error %s of a record is a sentence that does not quote the record', (error, shown) => {
  expect(recordError(error)).toBe(shown);
});

describe('what is for operators', () => {
  it.each([STATUS, RETRY, RELEASE])(
    'needs the scope gateway:admin, and is not for job tokens: %s',
    async (query) => {
      await using operated = await openEmbedded();
      const { send, gateway } = operated;
      const job = acceptedJob();
      await createAll(operated.store, [job]);
      for (const token of [
        await signToken({ scope: 'video:read video:generate' }),
        await gateway.jobTokens.issue('ada', job.id, NOON, NOON + MINUTE),
      ]) {
        const { data, errors } = await send(query, job.id, token);
        expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
        expect(Object.values(data ?? {})).toEqual([null]);
      }
    },
  );

  it('reads nothing of the store that was not selected', async () => {
    await using gateway = await startGateway({
      settings: SIGN_IN,
      storage: {
        budget: {
          reserve: fail,
          release: fail,
          onRateLimited: fail,
          onAnswered: fail,
          onFailed: fail,
          status: fail,
        },
      },
    });
    const { data } = await sendTo(gateway, '{ gatewayStatus { __typename at } }');
    expect(data).toEqual({ gatewayStatus: { __typename: 'GatewayStatus', at: iso(NOON) } });
  });

  it('includes the webhooks of all owners: they are sent again, and the URL stays with its owner', async () => {
    await using operated = await openEmbedded();
    const job = acceptedJob({ ownerId: 'cleo' });
    await failingDelivery(operated, job);
    const id = deliveryIdOf(completed(job, NOON), HOOK);
    const query = 'mutation ($id: ID!) { redeliverWebhook(id: $id) { url nextAttemptAt } }';
    const { data } = await operated.send(query, id);
    expect(data).toEqual({
      redeliverWebhook: { url: 'https://hooks.example.com', nextAttemptAt: iso(NOON) },
    });
    const own = await operated.send(query, id, await signToken({ sub: 'cleo' }));
    expect(own.data).toMatchObject({ redeliverWebhook: { url: HOOK } });
  });
});
