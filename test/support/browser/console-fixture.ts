import { afterAll, beforeAll } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../gateway/spawned-gateway.ts';
import { tempFolder } from '../temp-folder.ts';
import { launchBrowser, type PageOptions, type TestBrowser } from './browser.ts';
import { ConsolePage } from './console-page.ts';

/** A gateway and a browser for all tests of a file. */
export interface ConsoleFixture {
  /** The gateway's origin. */
  readonly url: string;
  readonly browser: TestBrowser;
  /** An empty folder for files of the tests. */
  readonly folder: string;
  /** The gateway's log. */
  output(): string;
  /** A connected page of the console, in its own context. */
  open(options?: PageOptions): Promise<ConsolePage>;
}

/** Starts both before the tests of a file, with the embedded sandbox as the upstream, and stops them afterwards. */
export function useConsole(settings: Readonly<Record<string, string>> = {}): ConsoleFixture {
  const resources = new AsyncDisposableStack();
  let gateway: SpawnedGateway;
  let browser: TestBrowser;
  let folder: string;
  beforeAll(async () => {
    folder = resources.use(tempFolder()).path;
    const data = resources.use(tempFolder()).path;
    gateway = resources.use(await spawnGateway({ DATA_DIR: data, SANDBOX_SPEED: '10', ...settings }));
    browser = resources.use(await launchBrowser());
  });
  afterAll(() => resources.disposeAsync());
  return {
    get url() {
      return gateway.url;
    },
    get browser() {
      return browser;
    },
    get folder() {
      return folder;
    },
    output: () => gateway.output(),
    open: (options) => ConsolePage.open(browser, gateway.url, options),
  };
}
