import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { http } from '../support/gateway-http.ts';
import { startGateway } from '../support/gateway.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const OPERATIONS = 'schema/operations';

describe('GraphiQL', () => {
  let page: string;
  let type: string | null;
  beforeAll(async () => {
    await using gateway = await startGateway();
    const answer = await http(`${gateway.url}/graphql`, { headers: BROWSER });
    ({ text: page } = answer);
    type = answer.headers.get('content-type');
  });

  it('is one page of HTML', () => {
    expect(type).toMatch(/^text\/html/);
    expect(page).toContain('<title>Reelgate</title>');
  });

  it('loads nothing from another host', () => {
    const markup = page.replaceAll(/<script\b[^>]*>[^]*?<\/script>/g, (script) =>
      script.slice(0, script.indexOf('>') + 1),
    );
    const loaded = [...markup.matchAll(/\b(?:src|href)\s*=\s*["']?([^"'\s>]+)/g)].map(([, url]) => url ?? '');
    expect(loaded.filter((url) => !url.startsWith('data:'))).toEqual([]);
    const styles = [...page.matchAll(/<style\b[^>]*>([^]*?)<\/style>/g)]
      .map(([, style]) => style ?? '')
      .join('\n');
    expect(styles).not.toMatch(/@import|url\(\s*["']?(?:https?:)?\/\//);
    expect(markup).not.toMatch(/<(?:iframe|object|embed|base)\b/);
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
  it('leads from / to GraphiQL', async () => {
    await using gateway = await startGateway();
    const { status, headers } = await http(gateway.url, { headers: BROWSER });
    expect([status, headers.get('location')]).toEqual([302, '/graphql']);
  });

  it.each(['/nope', '/graphql/', '/graphqlx', '/healthz/', '/favicon.ico'])(
    'has nothing at %s',
    async (path) => {
      await using gateway = await startGateway();
      const { status, text } = await http(gateway.url + path);
      expect(status).toBe(404);
      expect(JSON.parse(text)).toEqual({ error: expect.stringContaining(path) });
    },
  );
});
