import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf } from '../support/gateway/http.ts';
import { PNG, postUpload } from '../support/gateway/upload.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { NOON } from '../support/times.ts';
import { ASKS, type Heard } from './ask.ts';
import { signToken, START, unsignedToken, SIGN_IN } from './tokens.ts';

let gateway: Gateway;
/** A job of Ada's, and another one. */
let job: string;
let another: string;

beforeAll(async () => {
  gateway = await startGateway({ settings: SIGN_IN });
  const jobs = new JobMover(gateway);
  ({ id: job } = await jobs.accept({ ownerId: 'ada' }));
  ({ id: another } = await jobs.accept({ ownerId: 'ada' }));
});
afterAll(() => gateway[Symbol.asyncDispose]());

const GENERATE = `mutation { generateVideo(input: { image: "https://example.com/a.png", prompt: "a" }) { __typename } }`;
const OPERATIONS: Readonly<Record<string, () => string>> = {
  query: () => `{ videoJob(id: "${job}") { id } }`,
  'query of another job': () => `{ videoJob(id: "${another}") { id } }`,
  list: () => `{ videoJobs { nodes { id } } }`,
  mutation: () => GENERATE,
  'job token': () => `mutation { createJobToken(id: "${job}") { __typename } }`,
  subscription: () => `subscription { videoJobUpdated(id: "${job}") { id } }`,
  'subscription to another job': () => `subscription { videoJobUpdated(id: "${another}") { id } }`,
  // Gets what the query gets.
  'entity reference': () =>
    `{ _entities(representations: [{ __typename: "VideoJob", id: "${job}" }]) { ... on VideoJob { id } } }`,
};

const GENERATES = Object.keys(OPERATIONS).indexOf('mutation');

/** What each token gets, in the order of OPERATIONS. */
const TOKENS: readonly { name: string; token: () => Promise<string | null>; hears: readonly string[] }[] = [
  { name: 'none', token: async () => null, hears: Array<string>(7).fill('UNAUTHENTICATED') },
  {
    name: 'a wrong signature',
    token: () => signToken({}, 'x'.repeat(32)),
    hears: Array<string>(7).fill('refused'),
  },
  { name: 'alg none', token: async () => unsignedToken(), hears: Array<string>(7).fill('refused') },
  {
    name: 'a wrong audience',
    token: () => signToken({ aud: 'other' }),
    hears: Array<string>(7).fill('refused'),
  },
  {
    name: 'a wrong issuer',
    token: () => signToken({ iss: 'other' }),
    hears: Array<string>(7).fill('refused'),
  },
  {
    name: 'one that has expired',
    token: () => signToken({ exp: START - 31 }),
    hears: Array<string>(7).fill('refused'),
  },
  {
    name: 'one of the future',
    token: () => signToken({ nbf: START + 60 }),
    hears: Array<string>(7).fill('refused'),
  },
  { name: 'no owner', token: () => signToken({ sub: '' }), hears: Array<string>(7).fill('refused') },
  { name: 'garbage', token: async () => 'garbage', hears: Array<string>(7).fill('refused') },
  {
    name: 'an expired job token',
    token: () => jobToken(NOON - 31_000),
    hears: Array<string>(7).fill('refused'),
  },
  {
    name: 'the owner’s',
    token: () => signToken(),
    hears: ['job', 'another', 'both', 'accepted', 'token', 'job', 'another'],
  },
  {
    name: 'somebody else’s',
    token: () => signToken({ sub: 'bob' }),
    hears: ['null', 'null', 'empty', 'accepted', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'],
  },
  {
    name: 'one that may not read',
    token: () => signToken({ scope: 'video:generate' }),
    hears: ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'accepted', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
  },
  {
    name: 'one that may not generate',
    token: () => signToken({ scope: 'openid video:read' }),
    hears: ['job', 'another', 'both', 'FORBIDDEN', 'token', 'job', 'another'],
  },
  {
    name: 'one without scopes',
    token: () => signToken({ scope: undefined }),
    hears: Array<string>(7).fill('FORBIDDEN'),
  },
  {
    name: 'the job’s',
    token: () => jobToken(NOON + 60_000),
    hears: ['job', 'null', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'job', 'NOT_FOUND'],
  },
];

describe.each(TOKENS)('the token is $name', ({ token, hears }) => {
  const cells = Object.keys(OPERATIONS).flatMap((operation, index) =>
    Object.keys(ASKS).map((transport) => ({ operation, transport, outcome: hears[index] ?? hears[0] ?? '' })),
  );

  it.each(cells)('$operation over $transport: $outcome', async ({ operation, transport, outcome }) => {
    const ask = ASKS[transport];
    const query = OPERATIONS[operation]?.() ?? '';
    const answer = await ask?.(gateway.url, { query, token: await token() });
    expect(nameOf(answer ?? '')).toBe(expected(outcome, query, transport));
  });

  // A caller that may generate may upload.
  const uploads = hears[GENERATES] === 'refused' ? 'UNAUTHENTICATED' : hears[GENERATES];

  it(`upload: ${uploads}`, async () => {
    const { data, errors } = answerOf(
      await postUpload(gateway.url, PNG, await token()).then(({ text }) => text),
    );
    expect(errors === undefined ? nameOf({ data }) : errors[0]?.extensions?.['code']).toBe(uploads);
  });
});

it('nothing went wrong unexpectedly', () => {
  expect(gateway.log.errors).toEqual([]);
});

function jobToken(expiresAt: number): Promise<string> {
  return gateway.jobTokens.issue('ada', job, NOON, expiresAt);
}

/** What a transport makes of an outcome. */
function expected(outcome: string, query: string, transport: string): string {
  const kind = /^\w*/.exec(query)?.[0];
  const refused = outcome === 'refused' || outcome === 'UNAUTHENTICATED';
  if (outcome === 'refused' && transport.startsWith('WebSocket') && transport !== 'WebSocket, GraphiQL')
    return '4403';
  if (refused) return 'UNAUTHENTICATED';
  if (kind === 'mutation' && (transport === 'GET' || transport === 'SSE by GET')) return '405';
  const plain = transport === 'POST' || transport === 'GET';
  return kind === 'subscription' && plain && !/^[A-Z]/.test(outcome) ? 'NOT_ACCEPTABLE' : outcome;
}

/** The outcome as one word. */
function nameOf(answer: Heard): string {
  if (typeof answer === 'string') return answer === '406' ? 'NOT_ACCEPTABLE' : answer;
  const text = JSON.stringify(answer.data);
  if (text.includes('GenerateVideoSuccess') || text.includes('image/png')) return 'accepted';
  if (text.includes('JobToken')) return 'token';
  if (text.includes(job)) return text.includes(another) ? 'both' : 'job';
  if (text.includes(another)) return 'another';
  if (text.includes('[]')) return 'empty';
  return text.includes('null') ? 'null' : text;
}
