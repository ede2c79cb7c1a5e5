import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CHROMIUM, requireProgram } from '../process/programs.ts';

/** Options of a page. */
export type PageOptions = Pick<
  BrowserContextOptions,
  | 'viewport'
  | 'colorScheme'
  | 'forcedColors'
  | 'reducedMotion'
  | 'hasTouch'
  | 'deviceScaleFactor'
  | 'extraHTTPHeaders'
>;

/** A page in its own context, without the cookies and storage of others; closed when disposed. */
export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the browser's console, and uncaught exceptions. */
  errors(): readonly string[];
  /** The hosts, with ports, of its requests and WebSockets, without repetitions. */
  hosts(): readonly string[];
}

/** A headless Chromium; disposing closes all of its pages. */
export interface TestBrowser extends AsyncDisposable {
  /** @default a viewport of 1280 × 800, light, motion not reduced */
  open(options?: PageOptions): Promise<OpenedPage>;
}

/** The usual arguments of Chromium. */
export const CHROMIUM_ARGS = [
  // Tests may run as root, where Chromium's sandbox does not work.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--autoplay-policy=no-user-gesture-required',
];

/** Milliseconds that a step on a page may wait. */
const STEP_DEADLINE_MS = 45_000;

/**
 * Starts a Chromium; one is enough for all tests of a file.
 *
 * @param args command-line arguments besides the usual ones
 */
export async function launchBrowser(args: readonly string[] = []): Promise<TestBrowser> {
  const executablePath = requireProgram(CHROMIUM);
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS, ...args] });
  return {
    open: async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(STEP_DEADLINE_MS);
      return openPage(context);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function openPage(context: BrowserContext): Promise<OpenedPage> {
  const errors: string[] = [];
  const hosts = new Set<string>();
  const note = (url: string) => {
    // data: and blob: URLs have no host.
    const { host } = new URL(url);
    if (host !== '') hosts.add(host);
  };
  context.on('request', (request) => note(request.url()));
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`.trim());
  });
  context.on('weberror', (webError) => errors.push(String(webError.error())));
  const page = await context.newPage();
  page.on('websocket', (socket) => note(socket.url()));
  return {
    page,
    errors: () => errors,
    hosts: () => [...hosts],
    [Symbol.asyncDispose]: () => context.close(),
  };
}
