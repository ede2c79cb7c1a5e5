import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const resources = new AsyncDisposableStack();
let browser: TestBrowser;
beforeAll(async () => {
  browser = resources.use(await launchBrowser());
});
afterAll(() => resources.disposeAsync());

test('behind Vite with changeOrigin the page shows why it is refused, and works with PUBLIC_URL', async () => {
  const port = await freePort();
  const page = `http://127.0.0.1:${port}`;
  for (const [settings, words] of [
    [{}, 'Refused'],
    [{ PUBLIC_URL: page }, 'Live'],
  ] as const) {
    using folder = tempFolder();
    await using gateway = await spawnGateway({ DATA_DIR: folder.path, ...settings });
    const vite = await startVite(port, gateway.url, folder.path);
    try {
      await using console = await ConsolePage.openWithoutWaiting(browser, page);
      await console.connection(words);
      if (words === 'Live') continue;
      await console.page.getByRole('alert').getByText('set PUBLIC_URL or CORS_ORIGINS').waitFor();
      expect(gateway.output()).toContain(`PUBLIC_URL=${page}`);
    } finally {
      await vite.close();
    }
  }
});

async function startVite(port: number, target: string, cacheDir: string): Promise<ViteDevServer> {
  const server = await createServer({
    configFile: 'console/vite.config.ts',
    cacheDir,
    logLevel: 'silent',
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      hmr: false,
      proxy: { '/graphql': { target, ws: true, changeOrigin: true } },
    },
  });
  await server.listen();
  return server;
}
