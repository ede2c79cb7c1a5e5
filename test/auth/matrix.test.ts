import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { answerOf } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { PNG, postUpload } from '../support/gateway/upload.ts';
import { NOON } from '../support/times.ts';
import { SEND, type Outcome } from './send-operation.ts';
import { signToken, START, unsignedToken, SIGN_IN } from './tokens.ts';

let gateway: Gateway;
/** Two jobs of Ada. */
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
  // The oldest ones: other operations make more.
  list: () => `{ videoJobs(last: 2) { nodes { id } } }`,
  mutation: () => GENERATE,
  'job token': () => `mutation { createJobToken(id: "${job}") { __typename } }`,
  subscription: () => `subscription { videoJobUpdated(id: "${job}") { id } }`,
  'subscription to another job': () => `subscription { videoJobUpdated(id: "${another}") { id } }`,
  // These have the same outcome as the query.
  node: () => `{ node(id: "${job}") { id } nodes(ids: ["${job}"]) { id } }`,
  'entity reference': () =>
    `{ _entities(representations: [{ __typename: "VideoJob", id: "${job}" }]) { ... on VideoJob { id } } }`,
};

const GENERATES = Object.keys(OPERATIONS).indexOf('mutation');

interface TokenCase {
  readonly name: string;
  readonly token: () => Promise<string | null>;
  /** In the order of OPERATIONS. */
  readonly outcomes: readonly string[];
}

const TOKENS: readonly TokenCase[] = [
  { name: 'none', token: async () => null, outcomes: Array<string>(7).fill('UNAUTHENTICATED') },
  {
    name: 'a wrong signature',
    token: () => signToken({}, 'x'.repeat(32)),
    outcomes: Array<string>(7).fill('refused'),
  },
  { name: 'alg none', token: async () => unsignedToken(), outcomes: Array<string>(7).fill('refused') },
  {
    name: 'a wrong audience',
    token: () => signToken({ aud: 'other' }),
    outcomes: Array<string>(7).fill('refused'),
  },
  {
    name: 'a wrong issuer',
    token: () => signToken({ iss: 'other' }),
    outcomes: Array<string>(7).fill('refused'),
  },
  {
    name: 'one that has expired',
    token: () => signToken({ exp: START - 31 }),
    outcomes: Array<string>(7).fill('refused'),
  },
  {
    name: 'one of the future',
    token: () => signToken({ nbf: START + 60 }),
    outcomes: Array<string>(7).fill('refused'),
  },
  { name: 'no owner', token: () => signToken({ sub: '' }), outcomes: Array<string>(7).fill('refused') },
  { name: 'garbage', token: async () => 'garbage', outcomes: Array<string>(7).fill('refused') },
  {
    name: 'an expired job token',
    token: () => jobToken(NOON - 31_000),
    outcomes: Array<string>(7).fill('refused'),
  },
  {
    name: 'the owner’s',
    token: () => signToken(),
    outcomes: ['job', 'another', 'both', 'accepted', 'token', 'job', 'another'],
  },
  {
    name: 'another owner’s',
    token: () => signToken({ sub: 'bob' }),
    outcomes: ['null', 'null', 'neither', 'accepted', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'],
  },
  {
    name: 'one that may not read',
    token: () => signToken({ scope: 'video:generate' }),
    outcomes: ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'accepted', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
  },
  {
    name: 'one that may not generate',
    token: () => signToken({ scope: 'openid video:read' }),
    outcomes: ['job', 'another', 'both', 'FORBIDDEN', 'token', 'job', 'another'],
  },
  {
    name: 'one without scopes',
    token: () => signToken({ scope: undefined }),
    outcomes: Array<string>(7).fill('FORBIDDEN'),
  },
  {
    name: 'the job’s',
    token: () => jobToken(NOON + 60_000),
    outcomes: ['job', 'null', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'job', 'NOT_FOUND'],
  },
];

describe.each(TOKENS)('the token is $name', ({ token, outcomes }) => {
  const cells = Object.keys(OPERATIONS).flatMap((operation, index) =>
    Object.keys(SEND).map((transport) => ({
      operation,
      transport,
      outcome: outcomes[index] ?? outcomes[0] ?? '',
    })),
  );

  it.each(cells)('$operation over $transport: $outcome', async ({ operation, transport, outcome }) => {
    const send = SEND[transport];
    const query = OPERATIONS[operation]?.() ?? '';
    const answer = await send?.(gateway.url, { query, token: await token() });
    expect(nameOf(answer ?? '')).toBe(expected(outcome, query, transport));
  });

  // A caller that may generate may upload.
  const uploads = outcomes[GENERATES] === 'refused' ? 'UNAUTHENTICATED' : outcomes[GENERATES];

  it(`upload: ${uploads}`, async () => {
    const { data, errors } = answerOf(
      await postUpload(gateway.url, PNG, await token()).then(({ text }) => text),
    );
    expect(errors === undefined ? nameOf({ data }) : errors[0]?.extensions?.['code']).toBe(uploads);
  });
});

it('no request caused an unexpected error', () => {
  expect(gateway.log.errors).toEqual([]);
});

function jobToken(expiresAt: number): Promise<string> {
  return gateway.jobTokens.issue('ada', job, NOON, expiresAt);
}

/** The outcome as the transport reports it. */
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
function nameOf(answer: Outcome): string {
  if (typeof answer === 'string') return answer === '406' ? 'NOT_ACCEPTABLE' : answer;
  const text = JSON.stringify(answer.data);
  if (text.includes('GenerateVideoSuccess') || text.includes('image/png')) return 'accepted';
  if (text.includes('JobToken')) return 'token';
  if (text.includes(job)) return text.includes(another) ? 'both' : 'job';
  if (text.includes(another)) return 'another';
  if (text.includes('videoJobs')) return 'neither';
  return text.includes('null') ? 'null' : text;
}
