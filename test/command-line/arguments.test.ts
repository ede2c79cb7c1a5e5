import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXIT } from '../../packages/client/src/cli/exit-codes.ts';
import { HELP } from '../../packages/client/src/cli/help.ts';
import { runCommand } from '../../packages/client/src/cli/run-command.ts';
import { freePort } from '../support/network/ports.ts';
import { IMAGE } from './start-command.ts';

/** Runs a command line without a gateway. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let out = '';
  let err = '';
  const exitCode = await runCommand(args, {
    env,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    version: '1.2.3',
    retryForMs: 0,
    signal: new AbortController().signal,
  });
  return { exitCode, out, err };
}

const WRONG: readonly (readonly [args: readonly string[], message: string])[] = [
  [[], 'A command is missing: generate, watch, list.'],
  [['generat'], 'Unknown command "generat". Commands: generate, watch, list.'],
  [['generate'], 'generate needs an image and a prompt.'],
  [['generate', IMAGE, 'the', 'waves'], 'generate has too many arguments: put the prompt in quotes.'],
  [
    ['generate', 'missing.png', 'a cat'],
    'The image missing.png does not exist. Give a file, or an http or https URL.',
  ],
  [['generate', 'test', 'a cat'], 'test is not a file.'],
  [['generate', '/dev/null', 'a cat'], '/dev/null is not a file.'],
  [
    ['generate', IMAGE, 'a cat', '-o', 'missing/cat.mp4'],
    'missing/cat.mp4 cannot be written: the folder missing does not exist or is not writable.',
  ],
  [['generate', IMAGE, 'a cat', '-o', 'test'], 'test is not a file.'],
  [['generate', IMAGE, 'a cat', '--force'], '--force needs --output.'],
  [['generate', IMAGE, 'a cat', '--steps', 'many'], '--steps must be a whole number, not "many".'],
  [['generate', IMAGE, 'a cat', '--resolution', '1080'], '--resolution must be 360, 480 or 576, not "1080".'],
  [['generate', IMAGE, ' \n'], 'The prompt is empty.'],
  [
    ['generate', IMAGE, '😀'.repeat(2001)],
    'The prompt has 2001 characters. At most 2000 are accepted: shorten it.',
  ],
  [
    ['generate', IMAGE, 'a cat', '--negative-prompt', 'x'.repeat(2001)],
    '--negative-prompt has 2001 characters.',
  ],
  [
    ['generate', 'package.json', 'a cat'],
    'package.json is not a PNG, JPEG or WebP image. Convert it to one of them.',
  ],
  [['generate', 'https://', 'a cat'], 'https:// is not a valid URL.'],
  [
    ['generate', `https://example.com/${'x'.repeat(2048)}`, 'a cat'],
    'The URL of the image has 2068 characters.',
  ],
  [['generate', IMAGE, 'a cat', '--length', '6'], '--length must be from 1 to 5, not 6.'],
  [['generate', IMAGE, 'a cat', '--steps', '9'], '--steps must be from 10 to 70, not 9.'],
  [['generate', IMAGE, 'a cat', '--seed', '2147483648'], '--seed must be from -2147483648 to 2147483647'],
  [['generate', IMAGE, 'a cat', '--idempotency-key', ''], '--idempotency-key is empty.'],
  [
    ['generate', IMAGE, 'a cat', '--idempotency-key', 'x'.repeat(129)],
    '--idempotency-key has 129 characters. At most 128 are accepted: shorten it.',
  ],
  [['generate', IMAGE, 'a cat', '--frames', '3'], "Unknown option '--frames'."],
  [['list', '--steps', '3'], '--steps is not an option of list.'],
  [['list', '--limit', '0'], '--limit must be at least 1.'],
  [['list', '--status', 'done'], '--status must be queued, processing, completed or failed, not "done".'],
  [['watch', '-o', 'cat.mp4'], 'watch saves the video of one job: give its id.'],
  [['list', '--url', 'localhost:4000'], 'REELGATE_URL and --url must be an http or https URL'],
];

test.each(WRONG.map(([args, message]) => ({ args, message })))(
  'wrong arguments end it with 2: $message',
  async ({ args, message }) => {
    const { exitCode, out, err } = await run(args);
    expect({ exitCode, out }).toEqual({ exitCode: EXIT.usage, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(/\nHelp: reelgate [a-z ]*--help\n$/);
  },
);

test('help and version are results, not errors', async () => {
  await expect(run(['--help'])).resolves.toEqual({ exitCode: 0, out: HELP[''], err: '' });
  await expect(run(['list', '--help'])).resolves.toEqual({ exitCode: 0, out: HELP.list, err: '' });
  await expect(run(['--version'])).resolves.toEqual({ exitCode: 0, out: '1.2.3\n', err: '' });
});

test('a gateway that does not answer ends it with 4 and a hint', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { exitCode, err } = await run(['list'], { REELGATE_URL: url });
  expect(exitCode).toBe(EXIT.unreachable);
  expect(err).toMatch(/\(UNREACHABLE\)\nCheck that the gateway runs, and REELGATE_URL or --url\.\n$/);
});

test('the README of the package lists every exit code', () => {
  const rows = readFileSync('packages/client/README.md', 'utf8').matchAll(/^\| (\d+) \| /gm);
  expect([...rows].map(([, code]) => Number(code))).toEqual(Object.values(EXIT));
});
