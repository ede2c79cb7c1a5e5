import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { CHROMIUM, CHROMIUM_SHELL, findProgram, requireProgram } from '../process/programs.ts';

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

/** The Chromium of this test worker, with the usual arguments. It ends with the worker's process. */
let shared: Promise<Browser> | null = null;

/**
 * Opens a browser for the tests of a file. Files that run in the same worker share a Chromium, because each start takes a second.
 *
 * @param args command-line arguments besides the usual ones; with them it is a Chromium of its own
 */
export async function launchBrowser(args: readonly string[] = []): Promise<TestBrowser> {
  // Outside of a test worker nothing would end a shared one, and the program would not exit.
  const isShared = args.length === 0 && process.env['VITEST'] !== undefined;
  const browser = isShared ? await sharedBrowser() : await launch(args);
  const contexts: BrowserContext[] = [];
  return {
    open: async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      contexts.push(context);
      context.setDefaultTimeout(STEP_DEADLINE_MS);
      return openPage(context);
    },
    [Symbol.asyncDispose]: async () => {
      if (!isShared) return browser.close();
      await Promise.all(contexts.map((context) => context.close()));
    },
  };
}

async function sharedBrowser(): Promise<Browser> {
  const present = await shared;
  // A test may have crashed it.
  if (present?.isConnected() === true) return present;
  shared = launch([]);
  return shared;
}

function launch(args: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: findProgram(CHROMIUM_SHELL) ?? requireProgram(CHROMIUM),
    args: [...CHROMIUM_ARGS, ...args],
  });
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
