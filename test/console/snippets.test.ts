import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curlSnippet, typescriptSnippet } from '../../console/src/jobs/actions/snippets.ts';
import { jobsWith } from '../support/gateway/generate.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { consoleJob } from './console-job.ts';

const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let target: { url: string; needsToken: boolean };

beforeAll(async () => {
  const data = resources.use(tempFolder()).path;
  gateway = resources.use(await spawnGateway({ DATA_DIR: data, SANDBOX_SPEED: '50' }));
  target = { url: `${gateway.url}/graphql`, needsToken: false };
});

afterAll(() => resources.disposeAsync());

/** A job with a prompt that a shell or a string literal could misread. */
function jobWith(word: string) {
  const prompt = `${word}: it's "so" $HOME \`id\` \\n \u2028 水 </script>\n  and a new line`;
  const { request } = consoleJob();
  return consoleJob({ request: { ...request, prompt, resolution: 'R360', videoLength: 1, seed: 7 } });
}

test('the curl command makes a job with the same request', async () => {
  const job = jobWith('curl');
  const output = execFileSync('sh', ['-c', curlSnippet(job, target)], { encoding: 'utf8' });
  expect(JSON.parse(output)).toMatchObject({ data: { generateVideo: { job: { status: 'QUEUED' } } } });
  const [made] = await jobsWith(gateway.url, job.request.prompt);
  expect({ ...job.request, ...made?.request }).toEqual(job.request);
});

test('the curl command says what is wrong with a request that was edited', () => {
  const { request } = consoleJob();
  const job = consoleJob({ request: { ...request, videoLength: 9 } });
  const output = execFileSync('sh', ['-c', curlSnippet(job, target)], { encoding: 'utf8' });
  expect(JSON.parse(output)).toMatchObject({
    data: { generateVideo: { code: 'INVALID_INPUT', issues: [{ path: ['videoLength'] }] } },
  });
});

test('the TypeScript program makes a video with the same request, and prints its URL', async () => {
  const job = jobWith('TypeScript');
  // From the standard input, so that it finds the package as a file of this folder would.
  const child = spawn(process.execPath, ['-C', '@reelgate/source', '--input-type=module-typescript'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(typescriptSnippet(job, target));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output.trim()).toMatch(/^http:.*\.mp4/);
  const [made] = await jobsWith(gateway.url, job.request.prompt);
  expect({ ...job.request, ...made?.request }).toEqual(job.request);
});

test('with sign-in both read the token from the environment', () => {
  const signedIn = { ...target, needsToken: true };
  expect(curlSnippet(jobWith('a'), signedIn)).toContain('-H "authorization: Bearer $REELGATE_TOKEN"');
  expect(typescriptSnippet(jobWith('a'), signedIn)).toContain('token: process.env.REELGATE_TOKEN ?? null');
});
