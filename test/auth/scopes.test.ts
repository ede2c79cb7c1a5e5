import { expect, it, afterAll, beforeAll } from 'vitest';
import { startGateway, type Gateway } from '../support/gateway/gateway.ts';
import { INPUT } from '../support/gateway/generate.ts';
import { answerOf, postBody, exchange } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { jobId } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';
import { BOTH_SCOPES, signToken, SIGN_IN } from './tokens.ts';

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
