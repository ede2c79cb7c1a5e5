import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type Gateway } from '../support/gateway/gateway.ts';
import { INPUT } from '../support/gateway/generate.ts';
import { answerOf, postBody, exchange } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { jobId } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';
import { until } from '../support/until.ts';
import { BOTH_SCOPES, signToken, SIGN_IN, START } from './tokens.ts';

const KEYED = { ...INPUT, idempotencyKey: 'press-1' };
const JOB = 'job { id version status upstreamRequestId request { prompt } }';

interface Outcome {
  readonly __typename: string;
  readonly deduplicated?: boolean;
  readonly job?: Readonly<Record<string, unknown>>;
}

it('without video:read a repeated request gets the job as it was accepted, and no other job', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const generate = async (scope: string, input: object, conflictJob = JOB) => {
    const query = `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename
      ... on GenerateVideoError { code } ... on GenerateVideoSuccess { deduplicated ${JOB} }
      ... on GenerateVideoIdempotencyConflict { code ${conflictJob} } } }`;
    const { text } = await postBody(gateway.url, JSON.stringify({ query, variables: { input } }), {
      authorization: `Bearer ${await signToken({ scope })}`,
    });
    return answerOf<{ generateVideo: Outcome | null }>(text);
  };
  const first = (await generate('video:generate', KEYED)).data?.generateVideo;
  const id = String(first?.job?.['id']);
  await new JobMover(gateway).move(id, { type: 'submit-started' });

  const again = (await generate('video:generate', KEYED)).data?.generateVideo;
  expect(again).toEqual({ ...first, deduplicated: true });
  const read = (await generate(BOTH_SCOPES, KEYED)).data?.generateVideo;
  expect(read?.job).toMatchObject({ id, version: 2 });

  const other = { ...KEYED, prompt: 'another' };
  const refused = await generate('video:generate', other);
  expect(refused.data).toEqual({ generateVideo: null });
  expect(refused.errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
  expect(JSON.stringify(refused)).not.toContain(id);
  const untold = await generate('video:generate', other, '');
  expect(untold.data?.generateVideo).toEqual({
    __typename: 'GenerateVideoIdempotencyConflict',
    code: 'IDEMPOTENCY_CONFLICT',
  });
  const told = await generate(BOTH_SCOPES, other);
  expect(told.data?.generateVideo).toMatchObject({ job: { id, request: { prompt: INPUT.prompt } } });
});

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ settings: SIGN_IN });
});
afterAll(() => gateway[Symbol.asyncDispose]());

it.each([
  ['no token', 401, 'UNAUTHENTICATED', async (): Promise<string | null> => null],
  ['a wrong token', 401, 'UNAUTHENTICATED', () => signToken({}, 'x'.repeat(32))],
  ['a token with only video:read', 403, 'FORBIDDEN', () => signToken({ scope: 'video:read' })],
  ['a job’s token', 403, 'FORBIDDEN', () => gateway.jobTokens.issue('ada', jobId(NOON), NOON, NOON + 60_000)],
] as const)('an upload with %s is refused before the body is read', async (_, status, code, token) => {
  const bearer = await token();
  const head = [
    'POST /graphql HTTP/1.1',
    'host: a',
    'content-type: multipart/form-data; boundary=b',
    'content-length: 10000000',
    'connection: close',
    ...(bearer === null ? [] : [`authorization: Bearer ${bearer}`]),
  ];
  // The body is never sent.
  const answer = await exchange(gateway.port, `${head.join('\r\n')}\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"code":"${code}"`));
});

it('a job’s token gets the same sentence for each operation that is not of its job', async () => {
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  const token = await gateway.jobTokens.issue('ada', id, NOON, NOON + 60_000);
  const queries = [
    '{ videoJobs { nodes { id } } }',
    `mutation { cancelVideoJob(id: "${id}") { __typename } }`,
    `mutation { deleteVideoJob(id: "${id}") { __typename } }`,
    'mutation { generateVideo(input: { image: "https://a.b/c.png", prompt: "x" }) { __typename } }',
  ];
  for (const query of queries) {
    const { text } = await postBody(gateway.url, JSON.stringify({ query }), {
      authorization: `Bearer ${token}`,
    });
    expect(answerOf(text).errors).toMatchObject([
      { message: 'The token of a job can only read and watch that job.', extensions: { code: 'FORBIDDEN' } },
    ]);
  }
});

async function send(query: string, id: string, token: string): Promise<Outcome | string> {
  const body = JSON.stringify({ query, variables: { id } });
  const { text } = await postBody(gateway.url, body, { authorization: `Bearer ${token}` });
  const { data, errors } = answerOf<{ outcome: Outcome | null }>(text);
  return data?.outcome ?? String(errors?.[0]?.extensions?.['code']);
}

it('videoJobsDeleted ends when the token expires', async () => {
  await using later = await startGateway({ settings: SIGN_IN });
  using stream = await SseClient.open(later.url, 'subscription { videoJobsDeleted }', {
    headers: { authorization: `Bearer ${await signToken({ exp: START + 60 })}` },
  });
  await until(() => later.store.listenerCount, 1);
  await later.clock.advance(90_000);
  expect((await stream.result()).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  await until(() => later.store.listenerCount, 0);
});

describe('cancelVideoJob and deleteVideoJob', () => {
  const CANCEL = `mutation ($id: ID!) { outcome: cancelVideoJob(id: $id) { __typename ... on CancelVideoJobSuccess { ${JOB} } ... on CancelVideoJobTooLate { message ${JOB} } } }`;
  const DELETE = `mutation ($id: ID!) { outcome: deleteVideoJob(id: $id) { __typename ... on DeleteVideoJobUnfinished { message ${JOB} } } }`;

  it.each([
    ['cancelVideoJob', CANCEL],
    ['deleteVideoJob', DELETE],
  ])('%s needs the scope video:generate, and no token of a job', async (_, query) => {
    const job = await new JobMover(gateway).accept({ ownerId: 'ada' });
    const refused = [
      await signToken({ scope: 'video:read' }),
      await gateway.jobTokens.issue('ada', job.id, NOON, NOON + 60_000),
    ];
    for (const token of refused) expect(await send(query, job.id, token)).toBe('FORBIDDEN');
    const bobs = await signToken({ sub: 'bob' });
    expect(await send(query, job.id, bobs)).toEqual({ __typename: 'VideoJobNotFound' });
    expect(await gateway.store.getMany([job.id])).toEqual([job]);
  });

  it('show without video:read only a job that is canceled', async () => {
    const token = await signToken({ scope: 'video:generate' });
    const jobs = new JobMover(gateway);
    const { id } = await jobs.accept({ ownerId: 'ada' });
    expect(await send(DELETE, id, token)).toBe('FORBIDDEN');
    expect(await send(CANCEL, id, token)).toMatchObject({ job: { id, version: 2, status: 'FAILED' } });
    expect(await send(DELETE, id, token)).toEqual({ __typename: 'DeleteVideoJobSuccess' });
    const sent = await jobs.accept({ ownerId: 'ada' });
    await jobs.move(sent.id, { type: 'submit-started' });
    expect(await send(CANCEL, sent.id, token)).toBe('FORBIDDEN');
    expect(await send(CANCEL.replaceAll(JOB, '__typename'), sent.id, token)).toMatchObject({
      __typename: 'CancelVideoJobTooLate',
    });
    expect(await send(DELETE.replaceAll(JOB, '__typename'), sent.id, token)).toMatchObject({
      __typename: 'DeleteVideoJobUnfinished',
    });
  });

  it('videoJobsDeleted needs the scope video:read, and no token of a job', async () => {
    const tokens = [
      await signToken({ scope: 'video:generate' }),
      await gateway.jobTokens.issue('ada', jobId(NOON), NOON, NOON + 60_000),
    ];
    for (const token of tokens) {
      using stream = await SseClient.open(gateway.url, 'subscription { videoJobsDeleted }', {
        headers: { authorization: `Bearer ${token}` },
      });
      expect((await stream.result()).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
  });
});
