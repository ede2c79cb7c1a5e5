import { describe, expect, it } from 'vitest';
import { LocalMedia } from '../../src/domain/local-media.ts';

const media = new LocalMedia('http://sandbox:4010').at('https://example.com/reelgate');
const VIDEO = '/videos/0f.mp4';

describe('URLs of an upstream that clients cannot reach', () => {
  it.each(['/videos/0f.mp4', '/uploads/0f.png', '/images/sample.png'])(
    '%s is given as the gateway’s',
    (path) => {
      const url = media.present(`http://sandbox:4010${path}`);
      expect(url).toBe(`https://example.com/reelgate/sandbox${path}`);
      expect(media.toUpstream(url)).toBe(`http://sandbox:4010${path}`);
      expect(media.toUpstream(`http://sandbox:4010${path}`)).toBe(`http://sandbox:4010${path}`);
    },
  );

  it.each([
    `http://sandbox:4011${VIDEO}`,
    `http://sandbox:40100${VIDEO}`,
    `https://sandbox:4010${VIDEO}`,
    `http://sandbox:4010.evil.example${VIDEO}`,
    `http://sandbox:4010@evil.example${VIDEO}`,
    `http://sandbox:4010/v2/requests/1`,
    'http://sandbox:4010/videos/',
    'http://sandbox:4010/videos/../v2/requests/1',
    'http://sandbox:4010/videos/%2e%2e',
    'http://sandbox:4010/videos/a/b.mp4',
    'http://sandbox:4010/videos/..',
    `http://sandbox:4010${VIDEO}?a=b`,
    'https://images.example.com/cat.png',
    'https://example.com/reelgate/sandbox/v2/requests/1',
    'https://example.com/sandbox/videos/0f.mp4',
  ])('%s stays as it is', (url) => {
    expect(media.present(url)).toBe(url);
    expect(media.toUpstream(url)).toBe(null);
  });

  it.each(['http://localhost:4010', 'http://127.0.0.1:4010', 'http://[::1]:4010'])(
    'a sandbox on this machine is known by each loopback name: %s',
    (name) => {
      const local = new LocalMedia('http://localhost:4010').at('http://192.168.1.5:4000');
      expect(local.present(name + VIDEO)).toBe(`http://192.168.1.5:4000/sandbox${VIDEO}`);
      expect(local.toUpstream(name + VIDEO)).toBe(`http://localhost:4010${VIDEO}`);
    },
  );
});

it.each([
  ['/sandbox/videos/0f.mp4', VIDEO],
  ['/sandbox/v2/requests/1', null],
  ['/sandbox/videos/../v1', null],
  ['/sandbox/videos/%2e%2e%2fv1', null],
  ['/sandboxes/videos/0f.mp4', null],
  ['/videos/0f.mp4', null],
])('the gateway’s path %s is %s at the upstream', (path, upstreamPath) => {
  expect(LocalMedia.upstreamPath(path)).toBe(upstreamPath);
});
