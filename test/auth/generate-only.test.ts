import { expect, it } from 'vitest';
import { INPUT } from '../support/gateway/generate.ts';
import { answerOf, postBody } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { startGateway } from '../support/gateway/gateway.ts';
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
