import { describe, expect, it } from 'vitest';
import type { Image } from '../../src/providers/image-host.ts';
import { uploadOrigin } from '../../src/providers/segmind/facts.ts';
import { SegmindImageHost } from '../../src/providers/segmind/segmind-image-host.ts';
import { NO_EVENTS } from '../support/events.ts';
import {
  after,
  destroyAfterReading,
  destroyBeforeReading,
  html,
  json,
  neverEnding,
  redirect,
  type Reply,
  silence,
  truncated,
} from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import { API_KEY, NOW, patiently } from '../support/upstream/session.ts';

const URL = 'https://files.example.com/a.png';
const IMAGE: Image = {
  type: 'image/png',
  chunks: [new Uint8Array([0, 137]).subarray(1), new Uint8Array(), new Uint8Array([80, 78, 71])],
};
const PATH = '/upload-asset';

async function session(...replies: Reply[]) {
  const server = await ScriptedUpstream.start();
  server.on('POST', PATH, ...replies);
  const host = connectTo(server.origin);
  return {
    server,
    host,
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function connectTo(origin: string, apiKey = API_KEY): SegmindImageHost {
  return new SegmindImageHost({ origin, apiKey, now: () => NOW, events: NO_EVENTS });
}

describe('the request of an upload', () => {
  it('is one POST with the image as a data: URL, and the key', async () => {
    await using upstream = await session(json(200, { file_urls: [URL] }));
    expect(await upstream.host.upload(IMAGE, patiently())).toEqual({ type: 'uploaded', url: URL });
    const [sent, ...more] = upstream.server.requests;
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ method: 'POST', path: PATH });
    expect(sent?.body).toBe('{"data_urls":["data:image/png;base64,iVBORw=="]}');
    expect(sent?.headers).toMatchObject({
      'x-api-key': API_KEY,
      'content-type': 'application/json',
      'content-length': String(sent?.body.length),
    });
    expect(sent?.headers).not.toHaveProperty('authorization');
  });

  it.each([0, 1, 2, 3, 4, 48 * 1024, 48 * 1024 + 1, 10 * 1024 * 1024])(
    'is all of %d bytes',
    async (length) => {
      await using upstream = await session(json(200, { file_urls: [URL] }));
      const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
      await upstream.host.upload(
        { type: 'image/webp', chunks: [bytes.subarray(0, length / 2), bytes.subarray(length / 2)] },
        patiently(),
      );
      const base64 = Buffer.from(bytes).toString('base64');
      const wanted = `{"data_urls":["data:image/webp;base64,${base64}"]}`;
      // Not toBe: printing a difference of ten megabytes takes minutes.
      expect(upstream.server.requests[0]?.body === wanted).toBe(true);
    },
  );

  it('has no key when there is none', async () => {
    await using server = await ScriptedUpstream.start();
    server.on('POST', PATH, json(200, { file_urls: [URL] }));
    await using host = connectTo(server.origin, '');
    await host.upload(IMAGE, patiently());
    expect(server.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });

  it('goes to the vendor’s upload host, and to any other upstream itself', () => {
    expect(uploadOrigin('https://api.segmind.com')).toBe('https://workflows-api.segmind.com');
    expect(uploadOrigin('http://127.0.0.1:4010')).toBe('http://127.0.0.1:4010');
    expect(uploadOrigin('https://api.segmind.com.example')).toBe('https://api.segmind.com.example');
  });
});

describe('an upload returns the URL in', () => {
  it.each([
    ['file_urls', { file_urls: [URL] }],
    ['urls', { urls: [URL] }],
    ['both', { file_urls: [URL], urls: ['https://other.example.com/a.png'] }],
    ['the one that is not empty', { file_urls: [], urls: [URL] }],
    ['text in place of a list', { file_urls: URL }],
    ['a list with other things in it', { file_urls: [null, 7, URL] }],
    ['an answer with more in it', { status: 'ok', urls: null, file_urls: [URL] }],
  ])('%s', async (_, body) => {
    await using upstream = await session(json(201, body));
    expect(await upstream.host.upload(IMAGE, patiently())).toEqual({ type: 'uploaded', url: URL });
  });

  it('http as well', async () => {
    await using upstream = await session(json(200, { urls: ['http://127.0.0.1:4010/uploads/a.png'] }));
    expect(await upstream.host.upload(IMAGE, patiently())).toMatchObject({ type: 'uploaded' });
  });
});

describe('an upload fails, and is not repeated, when the answer', () => {
  it.each<[string, Reply]>([
    ['has no URL', json(200, {})],
    ['has no URL in its list', json(200, { file_urls: [] })],
    ['has a path for a URL', json(200, { file_urls: ['/a.png'] })],
    ['has a script for a URL', json(200, { file_urls: ['javascript:alert(1)'] })],
    ['has a file for a URL', json(200, { file_urls: ['file:///etc/passwd'] })],
    ['has a URL that no job takes', json(200, { file_urls: [`${URL}?${'x'.repeat(2048)}`] })],
    ['is a list', json(200, [URL])],
    ['is null', json(200, null)],
    ['is HTML', html(200)],
    ['is cut short', truncated(200, '{"file_urls":["https:')],
    ['never ends', neverEnding(200, '{"file_urls":["https:')],
    ['is very long', json(200, { file_urls: [URL], more: 'x'.repeat(100_000) })],
    ['leads elsewhere', redirect(307, 'https://elsewhere.example.com/upload-asset')],
    ['is 400', json(400, { error: 'no image' })],
    ['is 401', json(401, { error: 'no key' })],
    ['is 413', html(413)],
    ['is 500', html(500)],
    ['is 504', html(504)],
    ['never comes', silence],
    ['is lost', destroyAfterReading],
    ['is lost before the image was read', destroyBeforeReading],
  ])('%s', async (_, reply) => {
    await using upstream = await session(reply);
    const outcome = await upstream.host.upload(IMAGE, patiently({ timeoutMs: 150 }));
    expect(outcome).toEqual({ type: 'failed', reason: expect.any(String), retryAfterMs: null });
    expect(upstream.server.connectionsMade).toBe(1);
  });

  it('returns the Retry-After', async () => {
    await using upstream = await session(json(429, { error: 'slow down' }, { 'retry-after': '7' }));
    expect(await upstream.host.upload(IMAGE, patiently())).toEqual({
      type: 'failed',
      reason: 'HTTP 429: {"error":"slow down"}',
      retryAfterMs: 7000,
    });
  });
});

describe('an upload that is aborted fails', () => {
  it('when its signal aborts', async () => {
    await using upstream = await session(after(new Promise(() => {}), json(200, { urls: [URL] })));
    const cut = new AbortController();
    const outcome = upstream.host.upload(IMAGE, patiently({ signal: cut.signal }));
    await upstream.server.untilRequests(1);
    cut.abort(new Error('enough'));
    expect(await outcome).toMatchObject({ type: 'failed', reason: 'enough' });
    await upstream.server.untilIdle();
  });

  it('when the host is disposed, and no later upload is made', async () => {
    await using upstream = await session(silence);
    const outcome = upstream.host.upload(IMAGE, patiently());
    await upstream.server.untilRequests(1);
    await upstream.host[Symbol.asyncDispose]();
    expect(await outcome).toMatchObject({ type: 'failed' });
    expect(await upstream.host.upload(IMAGE, patiently())).toMatchObject({ type: 'failed' });
    expect(upstream.server.requests).toHaveLength(1);
  });

  it('when the connection is refused', async () => {
    const server = await ScriptedUpstream.start();
    await server[Symbol.asyncDispose]();
    await using host = connectTo(server.origin);
    const outcome = await host.upload(IMAGE, patiently());
    expect(outcome).toMatchObject({ type: 'failed', reason: expect.stringContaining('ECONNREFUSED') });
  });
});

it('an upstream that echoes the key does not expose it', async () => {
  const echoes = [
    json(400, { error: `bad key ${API_KEY}` }),
    json(200, { file_urls: [`https://files.example.com/${API_KEY}/a.png`] }),
    json(200, { [API_KEY]: API_KEY }),
  ];
  await using upstream = await session(...echoes);
  for (const _ of echoes) {
    const outcome = await upstream.host.upload(IMAGE, patiently());
    expect(JSON.stringify(outcome)).not.toContain(API_KEY);
  }
});
