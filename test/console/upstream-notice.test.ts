import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { generate, spawnGateway, watchToEnd } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const fixture = useConsole();
const NOTICE = 'Sandbox: videos are test pictures, and nothing is charged.';

test('every page says that the sandbox is the upstream, and none shows a price', async () => {
  const { id } = await generate(fixture.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 });
  await watchToEnd(fixture.url, id);
  await using console = await fixture.open();
  const { page } = console;
  for (const path of ['/', `/jobs/${id}`, '/nothing/here', '/graphql']) {
    await page.goto(fixture.url + path);
    await page.getByRole('note').getByText(NOTICE).waitFor();
  }
  await page.goto(`${fixture.url}/jobs/${id}`);
  await page.getByText('Nothing: a test video').waitFor();
  expect(await page.locator('.facts').innerText()).not.toContain('$');
});

test.each(['/', '/graphql', '/healthz', '/nothing', '/sandbox/images/sample.png'])(
  'a header of the answer at %s says that the sandbox is the upstream',
  async (path) => {
    const answer = await fetch(fixture.url + path);
    expect(answer.headers.get('x-reelgate-upstream')).toBe('sandbox');
  },
);

test('queries say it too, also those that are answered the short way', async () => {
  for (let time = 0; time < 3; time++) {
    const answer = await fetch(`${fixture.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{ "query": "{ videoJobs { nodes { id } } }" }',
    });
    expect(answer.headers.get('x-reelgate-upstream')).toBe('sandbox');
  }
});

test('an upstream on a private network is told of as one that may be a sandbox', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_BASE_URL: 'http://127.0.0.1:1',
  });
  const answer = await fetch(gateway.url);
  expect(answer.headers.get('x-reelgate-upstream')).toBe('private');
  expect(await answer.text()).toContain('Private upstream, such as a sandbox');
});
