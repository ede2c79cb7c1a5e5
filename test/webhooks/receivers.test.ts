import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { ed25519KeyOf, hmacKeyOf, signedHeaders } from '../../src/webhooks/signatures.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { SECRET, webhookSecret } from './webhook-settings.ts';

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const now = () => Math.floor(Date.now() / 1000);

/** A message about a job of its own. */
function message(id: string, timestamp: number, ...secrets: string[]): Message {
  const body = JSON.stringify({
    type: 'video_job.completed',
    timestamp: '2026-01-31T12:01:00.000Z',
    data: { id: `vj_of_${id}`, video: { url: 'https://video.example.com/média.mp4' }, failure: null },
  });
  const keys = { hmac: secrets.map(hmacKeyOf), ed25519: secrets.map(ed25519KeyOf) };
  return { headers: signedHeaders(id, timestamp, body, keys), body };
}

/** Runs the receiver of docs/webhooks.md in a language. */
async function startReceiver(language: string, command: string) {
  await using resources = new AsyncDisposableStack();
  const [, code = ''] =
    new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readFileSync('docs/webhooks.md', 'utf8')) ?? [];
  const { path } = resources.use(tempFolder());
  const file = join(path, language === 'js' ? 'receiver.mjs' : 'receiver.py');
  writeFileSync(file, code);
  const port = await freePort();
  const env = { ...process.env, WEBHOOK_SECRET: SECRET, PORT: String(port) };
  const child = spawn(command, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  resources.defer(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    return done === true ? 'the receiver has ended' : value;
  };
  expect(await nextLine()).toBe('listening');
  const owned = resources.move();
  const post = async ({ headers, body }: Message): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/webhook`, { method: 'POST', headers, body })).status;
  return { port, post, nextLine, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const RECEIVERS = [
  ['js', process.execPath],
  ['python', 'python3'],
] as const;

it.each(RECEIVERS)(
  'the receiver in %s accepts each authentic message once, and no other',
  async (language, command) => {
    await using receiver = await startReceiver(language, command);
    const { post } = receiver;
    const other = webhookSecret(2);
    const good = message('wh_1', now(), SECRET);
    const refused = [
      { ...good, headers: {} },
      message('wh_1', now(), other),
      message('wh_1', now() - 301, SECRET),
      message('wh_1', now() + 360, SECRET),
      { ...good, headers: { ...good.headers, 'webhook-timestamp': 'soon' } },
      { ...good, headers: { ...good.headers, 'webhook-id': 'wh_2' } },
      { ...good, body: `${good.body} ` },
    ];
    for (const wrong of refused) expect(await post(wrong)).toBe(401);
    const again = message('wh_1', now() - 60, SECRET);
    for (const right of [good, again, message('wh_2', now(), other, SECRET)])
      expect(await post(right)).toBe(204);
    // The repetition wrote nothing.
    const written = [await receiver.nextLine(), await receiver.nextLine()];
    expect(written).toEqual(
      ['wh_1', 'wh_2'].map((id) => `video_job.completed vj_of_${id} https://video.example.com/média.mp4`),
    );
  },
);

it.each(RECEIVERS)('the receiver in %s survives a sender that hangs up', async (language, command) => {
  await using receiver = await startReceiver(language, command);
  const socket = connect(receiver.port, '127.0.0.1');
  await once(socket, 'connect');
  await new Promise((done) => {
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf', done);
  });
  socket.destroy();
  await once(socket, 'close');
  expect(await receiver.post(message('wh_1', now(), SECRET))).toBe(204);
  expect(await receiver.post(message('wh_2', now(), SECRET))).toBe(204);
});
