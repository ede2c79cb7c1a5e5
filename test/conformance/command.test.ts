import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { runCommand } from '../../conformance/command.ts';
import { SIGN_IN, signToken } from '../auth/tokens.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { dataOf } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { freePort, listenOnFreePort } from '../support/network/ports.ts';
import { overrideStore } from '../support/override-store.ts';

/** Runs the command in this process. */
async function conformance(args: readonly string[], token: string | null = null) {
  let output = '';
  let errors = '';
  const write = (text: string) => {
    output += text;
  };
  const writeError = (text: string) => {
    errors += text;
  };
  const code = await runCommand({ args, token, write, writeError });
  return { code, output, errors };
}

/** The ids of all jobs. */
async function jobsOf({ url }: Gateway): Promise<readonly string[]> {
  const query = '{ videoJobs(first: 100) { nodes { id } } }';
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: readonly { id: string }[] } }>(url, query);
  return videoJobs.nodes.map(({ id }) => id);
}

it.concurrent('the exit code of the process is that of the command', async () => {
  const run = promisify(execFile)(process.execPath, ['conformance/main.ts', '--help']);
  await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: npm run') });
});

it.concurrent('wrong usage exits with 2 and says what to do', async () => {
  const wrong: readonly (readonly [string[], string])[] = [
    [[], 'Give one URL.'],
    [['ftp://example.com'], '"ftp://example.com" is not an http or https URL.'],
    [['http://127.0.0.1', '--transports', 'pigeon'], 'There is no transport "pigeon".'],
    [['http://127.0.0.1', '--paid'], "Unknown option '--paid'"],
  ];
  const ended = await Promise.all(wrong.map(([args]) => conformance(args)));
  for (const [index, { code, output, errors }] of ended.entries()) {
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(wrong[index]?.[1]);
  }
});

it.concurrent('a URL that is not reachable, or not a gateway, exits with 1 and says so', async () => {
  const closed = `http://127.0.0.1:${await freePort()}`;
  const server = createServer((_request, response) => response.end('<h1>Hello</h1>'));
  const other = `http://127.0.0.1:${await listenOnFreePort(server)}`;
  const [first, second] = await Promise.all([conformance([closed]), conformance([other])]);
  expect([first.code, first.errors]).toEqual([
    1,
    expect.stringContaining(`${closed}/graphql cannot be reached: `),
  ]);
  expect([second.code, second.errors]).toEqual([
    1,
    expect.stringContaining(`${other}/graphql is not a Reelgate gateway: it answers HTTP 200`),
  ]);
  server.close();
  await once(server, 'close');
});

it.concurrent('with a paid upstream no job is created, and the output says why cases are skipped', async () => {
  await using gateway = await startGateway();
  const { code, output } = await conformance([gateway.url]);
  expect([code, await jobsOf(gateway)]).toEqual([0, []]);
  expect(output).toContain('upstream: public, sign-in: no');
  expect(output).toMatch(/^skip watch-to-the-end .*: needs a job, which costs one video .*--generate/m);
  expect(output).toMatch(/^skip invalid-input .*: creates jobs of its own/m);
  expect(output).toMatch(/^skip every case over callback: needs --callback URL/m);
  expect(output).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/m);
});

it.concurrent('with --generate a paid upstream makes one video', async () => {
  await using gateway = await startGateway();
  const running = conformance([gateway.url, '--generate', '--transports', 'post-json,sse-post,websocket']);
  await vi.waitFor(async () => expect(await jobsOf(gateway)).toHaveLength(1), 20_000);
  const [id = ''] = await jobsOf(gateway);
  await new JobMover(gateway).move(id, ...WHOLE_LIFE);
  const { code, output } = await running;
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^ok {3}watch-to-the-end .*sse-post, websocket/m),
  ]);
  expect(await jobsOf(gateway)).toEqual([id]);
});

it.concurrent('with sign-in and a path it needs a token, which it sends everywhere', async () => {
  await using gateway = await startGateway({
    settings: { ...SIGN_IN, PUBLIC_URL: 'http://127.0.0.1/video' },
  });
  const url = `${gateway.url}/video/graphql`;
  const none = await conformance([url]);
  expect([none.code, none.errors]).toEqual([2, `${url} needs sign-in. ${SET_TOKEN}\n`]);
  const wrong = await conformance([url], 'wrong');
  expect([wrong.code, wrong.errors]).toEqual([2, expect.stringContaining('refuses the token')]);
  const { code, output } = await conformance([url], await signToken());
  expect([code, output]).toEqual([0, expect.stringMatching(/^ok {3}wrong-token .*websocket/m)]);
});

it.concurrent('a token that may not create jobs fails the cases that need a job, and they say so', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const readOnly = await signToken({ scope: 'video:read' });
  const { code, output } = await conformance(
    [gateway.url, '--generate', '--transports', 'websocket'],
    readOnly,
  );
  expect([code, output]).toEqual([1, expect.stringMatching(/^FAIL watch-to-the-end .*FORBIDDEN/m)]);
});

const SET_TOKEN = 'Set REELGATE_TOKEN to a token with the scopes video:read and video:generate.';

it.concurrent('a case that fails exits with 1 and says what was received', async () => {
  await using gateway = await startGateway({
    wrapStore: (store) => overrideStore(store, { list: async () => Promise.reject(new Error('broken')) }),
  });
  const { code, output } = await conformance([gateway.url, '--transports', 'get,websocket']);
  expect(code).toBe(1);
  const reason = 'Step 1: It ended by error, not by complete: .*INTERNAL_SERVER_ERROR';
  expect(output).toMatch(new RegExp(`^FAIL first-page +get, websocket: ${reason}`, 'm'));
  expect(output).toMatch(/^\d+ passed, 2 failed, \d+ skipped$/m);
});
