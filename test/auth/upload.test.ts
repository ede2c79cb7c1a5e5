import { afterAll, beforeAll, expect, it } from 'vitest';
import { exchange } from '../support/gateway/http.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { jobId } from '../support/jobs.ts';
import { NOON } from '../support/times.ts';
import { signToken, SIGN_IN } from './tokens.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ settings: SIGN_IN });
});
afterAll(() => gateway[Symbol.asyncDispose]());

it.each([
  ['nobody', 401, 'UNAUTHENTICATED', async (): Promise<string | null> => null],
  ['a wrong token', 401, 'UNAUTHENTICATED', () => signToken({}, 'x'.repeat(32))],
  ['one that may only read', 403, 'FORBIDDEN', () => signToken({ scope: 'video:read' })],
  ['a job’s token', 403, 'FORBIDDEN', () => gateway.jobTokens.issue('ada', jobId(NOON), NOON, NOON + 60_000)],
] as const)('an upload by %s is refused before any of it is read', async (_, status, code, token) => {
  const bearer = await token();
  const head = [
    'POST /graphql HTTP/1.1',
    'host: a',
    'content-type: multipart/form-data; boundary=b',
    'content-length: 10000000',
    'connection: close',
    ...(bearer === null ? [] : [`authorization: Bearer ${bearer}`]),
  ];
  // The body never comes.
  const answer = await exchange(gateway.port, `${head.join('\r\n')}\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"code":"${code}"`));
});
