import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { freePort } from '../../network/ports.ts';
import { requireProgram, WEBKIT_DRIVER, XVFB } from '../../process/programs.ts';
import { tempFolder } from '../../temp-folder.ts';
import { type EnginePage, FILE_INPUT } from './engine-page.ts';

/** Milliseconds for the start of a program, and for one command. */
const DEADLINE_MS = 45_000;
/** The key of an element's id in WebDriver. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** The small browser that comes with WebKitGTK; its folder depends on the architecture. */
const MINI_BROWSER = '/usr/lib/*/webkit2gtk-4.?/MiniBrowser';

/** Starts WebKitGTK, the engine of Safari, with one page on a screen of its own, by WebDriver. */
export async function openWebKit(): Promise<EnginePage> {
  await using resources = new AsyncDisposableStack();
  const home = resources.use(tempFolder());
  const screen = resources.use(await startScreen());
  const driver = resources.use(await startDriver(screen.display, home.path));
  const session = resources.use(await openSession(driver.url));
  const find = async (selector: string): Promise<string> => {
    const element = await session.command<Readonly<Record<string, string>>>('POST', '/element', {
      using: 'css selector',
      value: selector,
    });
    return `/element/${element[ELEMENT]}`;
  };
  const owned = resources.move();
  return {
    open: async (url) => {
      await session.command('POST', '/url', { url });
    },
    read: async (expression) =>
      String(await session.command('POST', '/execute/sync', { script: `return (${expression})`, args: [] })),
    type: async (selector, text) => {
      await session.command('POST', `${await find(selector)}/value`, { text });
    },
    click: async (selector) => {
      // A press at the edge of the window scrolls the page, and then WebKitGTK sends no click event.
      const scroll = `document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })`;
      await session.command('POST', '/execute/sync', { script: scroll, args: [selector] });
      await session.command('POST', `${await find(selector)}/click`, {});
    },
    chooseFile: async (path) => {
      await session.command('POST', `${await find(FILE_INPUT)}/value`, { text: path });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Screen extends AsyncDisposable {
  /** The value of DISPLAY, such as `:1`. */
  readonly display: string;
}

/** A screen in memory: WebKitGTK has no headless mode. */
async function startScreen(): Promise<Screen> {
  const args = ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
  const xvfb = spawn(requireProgram(XVFB), args, { stdio: ['ignore', 'pipe', 'ignore'] });
  // It writes the number of its display once it is ready.
  const ready = once(createInterface(xvfb.stdout), 'line', { signal: AbortSignal.timeout(DEADLINE_MS) });
  const screen = { [Symbol.asyncDispose]: () => end(xvfb, xvfb.pid) };
  try {
    const [number] = await ready;
    return { ...screen, display: `:${String(number)}` };
  } catch (error) {
    await screen[Symbol.asyncDispose]();
    throw new Error('Xvfb does not start.', { cause: error });
  }
}

interface Driver extends AsyncDisposable {
  readonly url: string;
}

async function startDriver(display: string, home: string): Promise<Driver> {
  const port = await freePort();
  const driver = spawn(requireProgram(WEBKIT_DRIVER), [`--port=${port}`], {
    env: { PATH: process.env['PATH'], DISPLAY: display, HOME: home, LIBGL_ALWAYS_SOFTWARE: '1' },
    stdio: 'ignore',
    // The browser's processes end with the driver's group.
    detached: true,
  });
  const started: Driver = {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => end(driver, driver.pid === undefined ? undefined : -driver.pid),
  };
  const deadline = performance.now() + DEADLINE_MS;
  while (
    !(await fetch(`${started.url}/status`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (performance.now() < deadline && driver.exitCode === null) continue;
    await started[Symbol.asyncDispose]();
    throw new Error('WebKitWebDriver does not start.');
  }
  return started;
}

interface Session extends AsyncDisposable {
  /** Runs a command of the session. @returns its value */
  command<T>(method: string, path: string, body?: object): Promise<T>;
}

async function openSession(driver: string): Promise<Session> {
  const [binary] = globSync(MINI_BROWSER);
  if (binary === undefined) throw new Error(`This test needs ${MINI_BROWSER}, which comes with WebKitGTK.`);
  const options = { binary, args: ['--automation'] };
  const { sessionId } = await command<{ sessionId: string }>(`${driver}/session`, 'POST', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
  });
  const session = `${driver}/session/${sessionId}`;
  return {
    command: (method, path, body) => command(`${session}${path}`, method, body),
    [Symbol.asyncDispose]: async () => {
      await command(session, 'DELETE');
    },
  };
}

async function command<T>(url: string, method: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const { value }: { value: T } = JSON.parse(await answer.text());
  if (!answer.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}

/** Ends a process, or with a negative id its group, and waits for its end. */
async function end(child: ChildProcess, id: number | undefined): Promise<void> {
  if (id === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(id, 'SIGKILL');
  await ended;
}
