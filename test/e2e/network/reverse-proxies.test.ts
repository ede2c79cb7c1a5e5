import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { run, shown } from '../../support/browser/graphiql-page.ts';
import { plays, pngFile } from '../../support/browser/page-files.ts';
import { answerOf, type GraphQLAnswer, http } from '../../support/gateway/http.ts';
import { generate, readJob, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { SseClient } from '../../support/gateway/sse-client.ts';
import { PNG, postForm, uploadOf } from '../../support/gateway/upload.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { freePort } from '../../support/network/ports.ts';
import { startCaddy, startNginx } from '../../support/network/reverse-proxy.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const DOCS = readFileSync('docs/operations.md', 'utf8');
const [nginxSnippet = '', nginxPathSnippet = ''] = snippets('nginx');
const [caddySnippet = '', caddyPathSnippet = ''] = snippets('caddy');
/** WebSockets need these directives; everything else is nginx's default. */
const UPGRADES =
  'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;';

const NAMES = [
  'nginx as documented',
  'nginx by its defaults, with no Host set',
  'nginx with $host, which has no port',
  'nginx that removes a path, as documented',
  'nginx that keeps a path',
  'nginx with forwarded headers that are trusted',
  'Caddy as documented',
  'Caddy that removes a path, as documented',
] as const;

const resources = new AsyncDisposableStack();
const urls = new Map<string, string>();
let plainNginxPort: number;
const urlOf = (name: (typeof NAMES)[number]) => urls.get(name) ?? '';

beforeAll(async () => {
  const ports = new Map<string, number>();
  for (const name of NAMES) ports.set(name, await freePort());
  plainNginxPort = await freePort();
  const portOf = (name: (typeof NAMES)[number]) => ports.get(name) ?? 0;
  for (const name of NAMES) {
    urls.set(name, `http://127.0.0.1:${portOf(name)}${/path|trusted/.test(name) ? '/reelgate' : ''}`);
  }
  const withUrl = (name: (typeof NAMES)[number]) => start({ PUBLIC_URL: `${urlOf(name)}/` });
  const [plain, trusting, defaults, host, removing, keeping, caddyPath] = await Promise.all([
    start({}),
    start({ TRUST_PROXY: 'loopback' }),
    withUrl('nginx by its defaults, with no Host set'),
    withUrl('nginx with $host, which has no port'),
    withUrl('nginx that removes a path, as documented'),
    withUrl('nginx that keeps a path'),
    withUrl('Caddy that removes a path, as documented'),
  ]);
  const documented = nginxSnippet
    .replace('listen 80;', `listen 127.0.0.1:${portOf('nginx as documented')};`)
    .replace('127.0.0.1:4000', plain);
  const server = (name: (typeof NAMES)[number], location: string) =>
    `server { listen 127.0.0.1:${portOf(name)}; ${location} }`;
  resources.use(
    await startNginx(`
      ${documented}
      upstream by_default { server ${defaults}; }
      ${server('nginx by its defaults, with no Host set', `location / { proxy_pass http://by_default; ${UPGRADES} }`)}
      ${server(
        'nginx with $host, which has no port',
        `location / { proxy_pass http://${host}; ${UPGRADES} proxy_set_header Host $host; }`,
      )}
      ${server('nginx that removes a path, as documented', nginxPathSnippet.replace('http://reelgate/', `http://${removing}/`))}
      server { listen 127.0.0.1:${plainNginxPort}; location / { proxy_pass http://${plain}; } }
      ${server('nginx that keeps a path', nginxPathSnippet.replace('http://reelgate/', `http://${keeping}`))}
      ${server(
        'nginx with forwarded headers that are trusted',
        `location /reelgate/ { proxy_pass http://${trusting}/; ${UPGRADES} proxy_set_header X-Forwarded-Host $http_host;
          proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Prefix /reelgate; }`,
      )}`),
  );
  const caddy = (snippet: string, site: string, name: (typeof NAMES)[number], gateway: string) =>
    snippet.replace(`${site} {`, `http://127.0.0.1:${portOf(name)} {`).replace('127.0.0.1:4000', gateway);
  resources.use(
    await startCaddy(
      [
        caddy(caddySnippet, 'video.example.com', 'Caddy as documented', plain),
        caddy(caddyPathSnippet, 'example.com', 'Caddy that removes a path, as documented', caddyPath),
      ].join('\n'),
    ),
  );
});

afterAll(() => resources.disposeAsync());

test.each(NAMES)('behind %s everything works', async (name) => {
  const url = urlOf(name);
  const { origin } = new URL(url);

  await loadsPage(`${url}/`);
  // GraphiQL's files are large, so they are loaded only where the path changes.
  if (url.includes('/reelgate')) await loadsPage(`${url}/graphql`);

  // The response head arrives before the first event.
  using stream = await SseClient.open(url, 'subscription { videoJobsUpdated { id isTerminal } }', {
    headers: { origin },
  });
  expect(stream.response.headers['content-encoding']).toBe(undefined);
  using client = await WsClient.connect(url, { headers: { origin } });
  client.subscribe('1', 'subscription { videoJobsUpdated { id isTerminal } }');
  await client.processed();

  const form = await postForm(url, uploadOf(PNG), { headers: { origin } });
  const uploaded = answerOf<{ uploadImage: { url: string } }>(form.text).data?.uploadImage.url ?? form.text;
  const { id } = await generate(url, { image: uploaded, prompt: name });
  const event = { data: { videoJobsUpdated: { id } } };
  expect(await eventOf(id, () => stream.result())).toMatchObject(event);
  expect(await eventOf(id, () => client.result('1'))).toMatchObject(event);
  expect((await readJob(url, id))?.id).toBe(id);
});

test('nginx with only proxy_pass, which speaks HTTP/1.0, passes events on at once', async () => {
  const url = `http://127.0.0.1:${plainNginxPort}`;
  using stream = await SseClient.open(url, 'subscription { videoJobsUpdated { id } }');
  const { id } = await generate(url, { prompt: 'HTTP/1.0' });
  expect(await eventOf(id, () => stream.result())).toEqual({ data: { videoJobsUpdated: { id } } });
});

test('below a path the console makes a video, a job page can be reloaded, and GraphiQL works', async () => {
  const prompt = 'Below a path';
  await using browser = await launchBrowser();
  await using console = await ConsolePage.open(browser, `${urlOf('nginx that keeps a path')}/`);
  const { page } = console;
  const file = { name: 'scene.png', mimeType: 'image/png', buffer: await pngFile() };
  await page.locator('input[type=file]').setInputFiles(file);
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  await console.generate();
  await console.card(prompt).getByText('Ready').waitFor();
  await plays(console.card(prompt).locator('video'));
  await console.card(prompt).getByRole('link').click();
  await page.getByRole('heading', { name: prompt }).waitFor();
  expect(page.url()).toContain('/reelgate/jobs/vj_');
  await page.reload();
  await page.getByRole('heading', { name: prompt }).waitFor();
  await page.getByRole('link', { name: 'GraphiQL' }).click();
  await run(page);
  await shown(page, /"id":\s"(vj_[^"]+)"/);
  expect(page.url()).toContain('/reelgate/graphql');
  expect(console.opened.errors()).toEqual([]);
  expect(console.opened.hosts()).toEqual([new URL(urlOf('nginx that keeps a path')).host]);
});

/** The first event about a job: jobs of earlier tests may still have some. */
async function eventOf(id: string, next: () => Promise<GraphQLAnswer>): Promise<GraphQLAnswer> {
  for (;;) {
    const answer = await next();
    if (answer.errors !== undefined || JSON.stringify(answer.data).includes(id)) return answer;
  }
}

/** @returns its host and port */
async function start(settings: Readonly<Record<string, string>>): Promise<string> {
  const folder = resources.use(tempFolder());
  const gateway = resources.use(
    await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '20', ...settings }),
  );
  return new URL(gateway.url).host;
}

/** Loads a page and the files that it references. */
async function loadsPage(url: string): Promise<void> {
  const page = await http(url, { headers: { accept: 'text/html' } });
  expect([url, page.status]).toEqual([url, 200]);
  const base = new URL(/<base href="([^"]*)"/.exec(page.text)?.[1] ?? '', url);
  const named = [...page.text.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="(?!data:)([^"]+)"/g)];
  expect(named.length).toBeGreaterThan(2);
  await Promise.all(
    named.map(async ([, path = '']) => {
      const file = await http(new URL(path, base).href);
      expect([path, file.status]).toEqual([path, 200]);
    }),
  );
}

function snippets(language: string): readonly string[] {
  return [...DOCS.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );
}
