import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build, defaultClientConditions } from 'vite';
import { launchBrowser, type OpenedPage, type TestBrowser } from '../../support/browser/browser.ts';
import type { AppProps } from './page/app.tsx';

/** What a page shows, of which gateway. */
export interface HooksPageSettings extends Omit<AppProps, 'client'> {
  readonly url: string;
  /** HTML from a server, which React hydrates. */
  readonly html?: string;
}

/** Opens pages with the hooks, in the development build of React and in strict mode. */
export interface HooksPages extends AsyncDisposable {
  /** The origin of the pages. */
  readonly origin: string;
  open(settings: HooksPageSettings): Promise<OpenedPage>;
}

/** Starts a browser, and a server of its pages. */
export async function launchHooksPages(): Promise<HooksPages> {
  await using resources = new AsyncDisposableStack();
  const browser: TestBrowser = resources.use(await launchBrowser());
  const script = await buildScript();
  const pages: string[] = [];
  const server = createServer(({ url = '/' }, response) => {
    const page = pages[Number(url.slice(1))];
    response.setHeader('content-type', page === undefined ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(page ?? script);
  });
  resources.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen.');
  const origin = `http://127.0.0.1:${address.port}`;
  const owned = resources.move();
  return {
    origin,
    open: async ({ html, ...settings }) => {
      const opened = await browser.open();
      const count = pages.push(pageOf({ ...settings, isHydrated: html !== undefined }, html ?? ''));
      await opened.page.goto(`${origin}/${count - 1}`);
      return opened;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function pageOf(settings: object, html: string): string {
  const json = JSON.stringify(settings).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html><link rel="icon" href="data:,"><div id="root">${html}</div>
<script type="application/json" id="settings">${json}</script><script type="module" src="app.js"></script>`;
}

/** Bundles the page as the bundlers of apps do, from the sources of the package. */
async function buildScript(): Promise<string> {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL('page', import.meta.url)),
    mode: 'development',
    // It warns about React's directives.
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    resolve: { conditions: ['@reelgate/source', ...defaultClientConditions] },
    oxc: { jsx: { runtime: 'automatic' } },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rolldownOptions: { input: fileURLToPath(new URL('page/browser.tsx', import.meta.url)) },
    },
  });
  const output = 'output' in built ? built.output : [];
  const script = output.find(({ type }) => type === 'chunk');
  if (script?.type !== 'chunk') throw new Error('The page was not built.');
  return script.code;
}
