import { resolve } from 'node:path';
import { type ExpectStatic, test } from 'vitest';
import { openChromium } from '../../support/browser/engines/chromium.ts';
import type { EnginePage } from '../../support/browser/engines/engine-page.ts';
import { openFirefox } from '../../support/browser/engines/firefox.ts';
import { openWebKit } from '../../support/browser/engines/webkit.ts';
import { spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import {
  CHROMIUM,
  findProgram,
  FIREFOX,
  packagesOf,
  WEBKIT_DRIVER,
  XVFB,
} from '../../support/process/programs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const IMAGE = resolve('console/src/assets/sample.png');
const PROMPT = 'the lighthouse turns';

const ENGINES = [
  { name: 'Chromium', programs: [CHROMIUM], open: openChromium },
  { name: 'Firefox', programs: [FIREFOX], open: openFirefox },
  { name: 'WebKitGTK', programs: [WEBKIT_DRIVER, XVFB], open: openWebKit },
];

// They mostly wait.
test.concurrent.for(ENGINES)(
  '$name makes a video, watches it live through a restart of the gateway, and plays it',
  async ({ name, programs, open }, { skip, expect }) => {
    const missing = programs.filter((program) => findProgram(program) === null);
    if (missing.length > 0) {
      const reason = `not installed: ${missing.flatMap(packagesOf).join(', ')}`;
      // The usual reporter does not show why a test was skipped.
      process.stdout.write(`The smoke test in ${name} is skipped, ${reason}.\n`);
      skip(reason);
    }
    await using resources = new AsyncDisposableStack();
    const page = resources.use(await open());
    await makeVideo(page, resources, expect);
    await page.read(`document.querySelector('article video').play()`);
    const played = () => page.read(`document.querySelector('article video').currentTime > 0.2`);
    await expect.poll(played).toBe('true');
    expect(Number(await page.read(`document.querySelector('article video').videoWidth`))).toBeGreaterThan(0);
  },
);

/**
 * Makes a video with the form, and ends and restarts the gateway before it is ready.
 *
 * @param resources owns what it starts
 * @param expect that of the test, because tests run at the same time
 */
async function makeVideo(
  page: EnginePage,
  resources: AsyncDisposableStack,
  expect: ExpectStatic,
): Promise<void> {
  const folder = resources.use(tempFolder());
  const settings = { DATA_DIR: folder.path, PORT: String(await freePort()), SANDBOX_SPEED: '4' };
  const first = resources.use(await spawnGateway(settings));
  const connection = () => page.read(`document.querySelector('[aria-label="Connection"]')?.textContent`);
  const card = (part: string) => page.read(`document.querySelector('article ${part}')?.textContent`);

  await page.open(first.url);
  await expect.poll(connection).toBe('Live');
  await page.chooseFile(IMAGE);
  await expect.poll(() => page.read(`document.querySelector('.drop img') !== null`)).toBe('true');
  await page.type('textarea[name=prompt]', PROMPT);
  await page.click('.new-job button[type=submit]');
  await expect.poll(() => card('.card-prompt')).toBe(PROMPT);
  // A kill during the submission would make the gateway search the upstream's history first.
  await expect.poll(() => card('.badge')).toBe('In progress');

  first.kill('SIGKILL');
  await first.exited;
  await expect.poll(connection).toBe('Reconnecting…');
  resources.use(await spawnGateway(settings));
  await expect.poll(connection).toBe('Live');
  await expect.poll(() => card('.badge')).toBe('Ready');
}
