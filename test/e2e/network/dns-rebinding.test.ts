import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

let browser: TestBrowser;
beforeAll(async () => {
  // The attacker's name server answers with this machine's address.
  browser = await launchBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1']);
});
afterAll(() => browser[Symbol.asyncDispose]());

/** As in a container: it listens on every address without authentication, and its port is published to this machine. */
const CONTAINER = { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true', SANDBOX: 'true', SANDBOX_SPEED: '20' };

/** Requests of the attacker's page. To the browser they are same-origin. */
const ATTACK = `(async () => {
  const body = JSON.stringify({ query: 'mutation { generateVideo(input: { image: "https://example.com/a.png", prompt: "a" }) { __typename } }' });
  const posted = await fetch('/graphql', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const read = await fetch('/graphql?query={videoJobs{nodes{id}}}', { headers: { accept: 'application/json' } });
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
  const closed = await new Promise((resolve) => socket.addEventListener('close', resolve));
  return [posted.status, read.status, closed.code];
})()`;

test.each([
  ['by default', {}],
  ['as the Docker example says', { ALLOWED_HOSTS: documented('README.md', /ALLOWED_HOSTS=(\S+)/) }],
  ['as compose.yaml says', { ALLOWED_HOSTS: documented('compose.yaml', /ALLOWED_HOSTS:-([^}]+)/) }],
])('a page whose host name resolves to a gateway in a container is refused, %s', async (_how, settings) => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, ...CONTAINER, ...settings });
  const { port } = new URL(gateway.url);
  await using opened = await browser.open();
  await opened.page.goto(`http://evil.test:${port}/healthz`);
  expect(await opened.page.evaluate(ATTACK)).toEqual([421, 421, 1008]);
  expect(gateway.output()).toContain(`ALLOWED_HOSTS=evil.test:${port}`);
  for (const host of ['localhost', '127.0.0.1']) {
    await opened.page.goto(`http://${host}:${port}/healthz`);
    expect(await opened.page.evaluate(ATTACK.replace("'close'", "'open'"))).toEqual([200, 200, undefined]);
  }
});

test('no page can frame GraphiQL or the console', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path });
  const { port } = new URL(gateway.url);
  await using opened = await browser.open();
  for (const path of ['/graphql?query={__typename}', '/']) {
    await opened.page.goto(`http://evil.test:${port}/healthz`);
    await opened.page.evaluate(`(async () => {
      const frame = document.createElement('iframe');
      frame.src = 'http://127.0.0.1:${port}${path}';
      document.body.append(frame);
      await new Promise((resolve) => frame.addEventListener('load', resolve));
    })()`);
    // The driver learns of a navigation later than the page.
    const shown = () => opened.page.frames().at(-1)?.url();
    await expect.poll(shown, { timeout: 30_000 }).toBe('chrome-error://chromewebdata/');
  }
});

function documented(file: string, pattern: RegExp): string {
  const value = pattern.exec(readFileSync(file, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${file} sets no ALLOWED_HOSTS.`);
  return value;
}
