import type { LookupFunction } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { FileClient, type FileClientOptions } from '../../../src/providers/files/file-client.ts';
import { FileRefusedError } from '../../../src/providers/files/file-refused-error.ts';
import { ConnectProxy } from '../../support/network/connect-proxy.ts';
import { answer, neverEnding, redirect, silence } from '../../support/upstream/replies.ts';
import { ScriptedUpstream } from '../../support/upstream/scripted-upstream.ts';

const VIDEO = Buffer.from('a video');

async function start(options: Partial<FileClientOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await ScriptedUpstream.start());
  const client = stack.use(new FileClient({ trustedOrigins: [server.origin], proxy: null, ...options }));
  server.on('GET', '/a.mp4', answer(200, VIDEO, { etag: '"1"' }));
  const owned = stack.move();
  return { server, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const signal = new AbortController().signal;

const resolvesToLoopback: LookupFunction = (_host, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

it('fetches a file of the trusted origin, without credentials', async () => {
  await using stage = await start();
  const url = `${stage.server.origin.replace('://', '://ada:secret@')}/a.mp4?sig=1#part`;
  const { status, headers, body } = await stage.client.fetch({ url, headers: { range: 'bytes=0-' }, signal });
  expect([status, headers['etag'], await buffer(body)]).toEqual([200, '"1"', VIDEO]);
  const [request] = stage.server.requests;
  expect(request?.path).toBe('/a.mp4?sig=1');
  expect(request?.headers).toEqual({
    host: new URL(stage.server.origin).host,
    connection: 'keep-alive',
    'user-agent': 'reelgate',
    'accept-encoding': 'identity',
    range: 'bytes=0-',
  });
});

it('follows at most five redirects', async () => {
  await using stage = await start();
  for (const step of [1, 2, 3, 4, 5]) {
    stage.server.on('GET', `/${step}`, redirect(302, step === 5 ? '/a.mp4' : `/${step + 1}`));
  }
  stage.server.on('GET', '/0', redirect(307, '/1'));
  const { body } = await stage.client.fetch({ url: `${stage.server.origin}/1`, signal });
  expect(await buffer(body)).toEqual(VIDEO);
  const longer = stage.client.fetch({ url: `${stage.server.origin}/0`, signal });
  await expect(longer).rejects.toThrow(new FileRefusedError('the file has more than 5 redirects'));
});

it.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.1:1/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://0x7f.1/',
  'http://10.0.0.1/',
])('neither a URL nor a redirect may lead to %s', async (url) => {
  await using stage = await start();
  stage.server.on('GET', '/away', redirect(302, url));
  const error = new FileRefusedError(`${new URL(url).host} is not a public host`);
  await expect(stage.client.fetch({ url, signal })).rejects.toThrow(error);
  await expect(stage.client.fetch({ url: `${stage.server.origin}/away`, signal })).rejects.toThrow(error);
});

it('a name that resolves to a private address is not connected, although its port answers', async () => {
  const asked: string[] = [];
  const lookup: LookupFunction = (host, options, callback) => {
    asked.push(host);
    resolvesToLoopback(host, options, callback);
  };
  await using stage = await start({ lookup });
  const { port } = new URL(stage.server.origin);
  stage.server.on('GET', '/away', redirect(302, `http://rebound.example.com:${port}/a.mp4`));
  const failed = stage.client.fetch({ url: `${stage.server.origin}/away`, signal });
  const reason = 'rebound.example.com resolves to 127.0.0.1: only public addresses are allowed';
  await expect(failed).rejects.toThrow(new FileRefusedError(reason));
  expect(asked).toEqual(['rebound.example.com']);
  expect(stage.server.requests.map(({ path }) => path)).toEqual(['/away']);
});

it('another port of the trusted host is not trusted', async () => {
  await using stage = await start();
  await using other = await ScriptedUpstream.start();
  const failed = stage.client.fetch({ url: `${other.origin}/a.mp4`, signal });
  await expect(failed).rejects.toThrow('is not a public host');
});

it.each(['file:///etc/passwd', 'ftp://example.com/a', 'data:,a', 'not a URL'])(
  '%s is refused',
  async (url) => {
    await using stage = await start();
    await expect(stage.client.fetch({ url, signal })).rejects.toThrow(FileRefusedError);
  },
);

it('through a proxy, private names and addresses are refused by their text', async () => {
  await using server = await ScriptedUpstream.start();
  server.on('GET', '/a.mp4', answer(200, VIDEO));
  await using proxy = await ConnectProxy.start(Number(new URL(server.origin).port), 'tunnels');
  const settings = { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: 'direct.example.com' };
  await using client = new FileClient({ trustedOrigins: [], proxy: settings, lookup: resolvesToLoopback });
  const { body } = await client.fetch({ url: 'http://files.example.com/a.mp4', signal });
  expect(await buffer(body)).toEqual(VIDEO);
  for (const url of ['http://10.0.0.1/', 'http://files.internal/', 'http://127.0.0.1.nip.io/']) {
    await expect(client.fetch({ url, signal })).rejects.toThrow('is not a public host');
  }
  // A host that is connected directly is resolved here.
  await expect(client.fetch({ url: 'http://direct.example.com/', signal })).rejects.toThrow(FileRefusedError);
  expect(proxy.connects.map(({ target }) => target)).toEqual(['files.example.com:80']);
});

it('an upstream that stops sending ends the request', async () => {
  await using stage = await start({ idleTimeoutMs: 50 });
  stage.server.on('GET', '/silent', silence).on('GET', '/half', neverEnding(200, 'half'));
  await expect(stage.client.fetch({ url: `${stage.server.origin}/silent`, signal })).rejects.toThrow(
    'Headers Timeout Error',
  );
  const { body } = await stage.client.fetch({ url: `${stage.server.origin}/half`, signal });
  await expect(buffer(body)).rejects.toThrow('Body Timeout Error');
});

it('the signal ends the body', async () => {
  await using stage = await start();
  stage.server.on('GET', '/half', neverEnding(200, 'half'));
  const aborting = new AbortController();
  const url = `${stage.server.origin}/half`;
  const { body } = await stage.client.fetch({ url, signal: aborting.signal });
  const read = buffer(body);
  aborting.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
  await stage.server.untilIdle();
});
