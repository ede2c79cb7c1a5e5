import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { http } from '../../../support/gateway/http.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const OPERATIONS = 'schema/operations';
const WITHOUT_CONSOLE = { TRUSTED_DOCUMENTS_FILE: 'test/transports/http/trusted-documents.json' };

describe('GraphiQL', () => {
  let page: string;
  let type: string | null;
  let policy: string | null;
  beforeAll(async () => {
    await using gateway = await startGateway();
    const answer = await http(`${gateway.url}/graphql`, { headers: BROWSER });
    ({ text: page } = answer);
    type = answer.headers.get('content-type');
    policy = answer.headers.get('content-security-policy');
  });

  it('is one page of HTML', () => {
    expect(type).toMatch(/^text\/html/);
    expect(page).toContain('<title>Reelgate</title>');
  });

  it('loads only its own files, and these exist', async () => {
    const loaded = [...page.matchAll(/\b(?:src|href)\s*=\s*["']?([^"'\s>]+)/g)].map(([, url]) => url ?? '');
    const files = loaded.filter((url) => !url.startsWith('data:'));
    expect(files.length).toBeGreaterThan(3);
    await using gateway = await startGateway();
    for (const file of [
      ...files,
      'graphiql/json.js',
      'graphiql/graphql.js',
      'graphiql/editorWorkerService.js',
    ]) {
      const { status, headers, text } = await http(`${gateway.url}/${file}`);
      expect([file, status, headers.get('x-content-type-options')]).toEqual([file, 200, 'nosniff']);
      expect(headers.get('content-type')).toMatch(file.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      expect(file.endsWith('.css') ? text : '').not.toMatch(/@import|url\(\s*["']?(?:https?:)?\/\//);
    }
    expect((await http(`${gateway.url}/graphiql/nothing.js`)).status).toBe(404);
    expect(page).not.toMatch(/<(?:iframe|object|embed|base)\b/);
  });

  it('has no inline script, may not be framed, and connects to the gateway only', () => {
    const scripts = [...page.matchAll(/<script\b([^>]*)>/g)].map(([, attributes = '']) => attributes);
    expect(scripts.filter((attributes) => !/src=|type="application\/json"/.test(attributes))).toEqual([]);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).toMatch(/connect-src 'self'(;|$)/);
  });

  it('is not served without introspection', async () => {
    await using gateway = await startGateway({ settings: { INTROSPECTION: 'false' } });
    expect((await http(`${gateway.url}/graphql`, { headers: BROWSER })).text).not.toContain('<script');
    expect((await http(`${gateway.url}/graphiql/page.js`)).status).toBe(404);
  });

  it.each(readdirSync(OPERATIONS))('opens with %s', (name) => {
    const text = readFileSync(`${OPERATIONS}/${name}`, 'utf8');
    expect(page).toContain(JSON.stringify(text).slice(1, -1));
  });

  it('subscribes over WebSocket', () => {
    expect(page).toMatch(/"subscriptionsProtocol":\s*"WS"/);
  });
});

describe('the server', () => {
  it('redirects from / to GraphiQL with trusted documents, as the console cannot work', async () => {
    await using gateway = await startGateway({ settings: WITHOUT_CONSOLE });
    const { status, headers } = await http(gateway.url, { headers: BROWSER });
    expect([status, headers.get('location')]).toEqual([302, '/graphql']);
  });

  it.each(['/nope', '/graphql//', '/graphqlx', '/healthz/', '/favicon.ico'])(
    'answers 404 at %s',
    async (path) => {
      await using gateway = await startGateway();
      const { status, text } = await http(gateway.url + path);
      expect(status).toBe(404);
      expect(JSON.parse(text)).toEqual({ error: expect.stringContaining(path) });
    },
  );
});
