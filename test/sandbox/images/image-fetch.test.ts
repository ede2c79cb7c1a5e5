import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IMAGE_LIMITS, fetchImage } from '../../../packages/sandbox/src/images/image-fetch.ts';
import { accepted, ended, picture, resultOf, sandbox } from '../support.ts';

const NEVER = new AbortController().signal;
const LIMITS = { ...IMAGE_LIMITS, totalMs: 300, maxBytes: 50_000 };

/** A web server with good and bad images. */
async function images() {
  const png = await picture();
  let rounds = 0;
  let requests = 0;
  const paths: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
    '/good.png': (response) => response.end(png),
    '/moved': (response) => response.writeHead(302, { location: '/good.png' }).end(),
    '/loop': (response) => {
      rounds += 1;
      response.writeHead(302, { location: '/loop' }).end('round and round');
    },
    '/away': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/gone': (response) => response.writeHead(404).end('x'.repeat(5_000)),
    '/page': (response) => response.end('<!doctype html><p>Hello'),
    '/silent': () => undefined,
    '/slow': (response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
    },
    '/huge': (response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(16_384))) if (response.destroyed) return;
      };
      response.on('drain', more);
      more();
    },
    '/broken': (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('x');
      setTimeout(() => response.destroy(), 20);
    },
  };
  const server = createServer((request, response) => {
    requests += 1;
    paths[request.url ?? '']?.(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  return { url, png, rounds: () => rounds, requests: () => requests };
}

describe('fetchImage', () => {
  it.each(['/good.png', '/moved'])('fetches %s', async (path) => {
    const { url, png } = await images();
    expect(Buffer.compare(await fetchImage(url + path, NEVER, LIMITS), png)).toBe(0);
  });

  it.each([
    ['/loop', 'redirects'],
    ['/away', 'has the protocol file:'],
    ['/gone', 'answered 404'],
    ['/silent', 'timeout'],
    ['/slow', 'timeout'],
    ['/huge', 'longer than 50000 bytes'],
    ['/broken', /./],
  ])('gives up on %s: %s', async (path, reason) => {
    const { url } = await images();
    await expect(fetchImage(url + path, NEVER, LIMITS)).rejects.toThrow(reason);
  });

  it('follows redirects up to the limit', async () => {
    const { url, rounds } = await images();
    await expect(fetchImage(`${url}/loop`, NEVER, { ...LIMITS, maxRedirects: 2 })).rejects.toThrow(
      'redirects',
    );
    expect(rounds()).toBe(3);
  });

  it('gives up at once when its signal aborts', async () => {
    const { url } = await images();
    const stop = new AbortController();
    const fetching = fetchImage(`${url}/silent`, stop.signal);
    stop.abort(new Error('closing'));
    await expect(fetching).rejects.toThrow('closing');
  });

  it.each([
    ['data:image/png;base64,aGVsbG8=', 'hello'],
    ['data:,hel%6Co', 'hello'],
  ])('reads %s', async (url, text) => {
    expect(Buffer.from(await fetchImage(url, NEVER)).toString()).toBe(text);
  });

  it.each(['data:nothing', 'data:,%', 'file:///etc/passwd', 'http://127.0.0.1:1/'])(
    'cannot read %s',
    async (url) => {
      await expect(fetchImage(url, NEVER)).rejects.toThrow(/./);
    },
  );
});

const ownMoved = (url: URL) => (url.pathname === '/moved' ? url : null);

describe('without private addresses', () => {
  const sources = { privateAddresses: false, own: () => null };

  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])('an image at %s is not fetched', async (host) => {
    const { url, requests } = await images();
    const { port } = new URL(url);
    const fetching = fetchImage(`http://${host}:${port}/good.png`, NEVER, LIMITS, sources);
    await expect(fetching).rejects.toThrow('images are not fetched from private addresses');
    expect(requests()).toBe(0);
  });

  it('a redirect from the sandbox’s own image to a private address is not followed', async () => {
    const { url } = await images();
    const fetching = fetchImage(`${url}/moved`, NEVER, LIMITS, { ...sources, own: ownMoved });
    await expect(fetching).rejects.toThrow('images are not fetched from private addresses');
  });

  it.each(['http://169.254.169.254/', 'http://10.0.0.1/', 'http://[fd00::1]/', 'http://168.63.129.16/'])(
    '%s is not requested',
    async (url) => {
      await expect(fetchImage(url, NEVER, LIMITS, sources)).rejects.toThrow('private addresses');
    },
  );

  it('a sandbox draws a placeholder instead', async () => {
    const { url: server, requests } = await images();
    const told: string[] = [];
    const { url } = await sandbox({
      privateImages: false,
      speed: 100,
      log: ({ message }) => told.push(message),
    });
    await ended(url, await accepted(url, { image: `${server}/good.png` }));
    expect(told.join()).toContain('using a placeholder');
    expect(requests()).toBe(0);
  });
});

describe('a job whose image', () => {
  it.each([
    ['/good.png', false],
    ['/page', true],
    ['/loop', true],
    ['/gone', true],
    ['/broken', true],
  ])('is at %s gets a video (of a placeholder: %s)', async (path, drawn) => {
    const { url: server } = await images();
    const told: string[] = [];
    const { url } = await sandbox({ speed: 100, log: ({ message }) => told.push(message) });
    const id = await accepted(url, { image: server + path });
    await ended(url, id);
    expect((await resultOf(url, id)).status).toBe(200);
    expect(told.some((message) => message.includes('using a placeholder'))).toBe(drawn);
  });

  it('is the sample image gets a video of it', async () => {
    const told: string[] = [];
    const { url } = await sandbox({ speed: 100, log: ({ message }) => told.push(message) });
    const id = await accepted(url, { image: `${url}/images/sample.png` });
    expect((await ended(url, id)).body?.['status']).toBe('COMPLETED');
    expect(told.join()).not.toContain('using a placeholder');
  });
});
