import { describe, expect, it } from 'vitest';
import { isPublicHost } from '../../src/domain/public-address.ts';
import { parseVideoRequest } from '../../src/domain/video-request.ts';

describe('isPublicHost', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://192.168.1.1:8080/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://198.18.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://[fc00::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[::127.0.0.1]/',
    'http://[::8.8.8.8]/',
    'http://168.63.129.16/',
    'http://kubernetes.default.svc/',
    'http://localhost.localdomain/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://redis/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://nas.home.arpa/',
    'http://①②⑦.⓪.⓪.①/',
  ])('no: %s', (url) => {
    expect(isPublicHost(new URL(url))).toBe(false);
  });

  it.each([
    'http://8.8.8.8/',
    'https://example.com/cat.png',
    'https://example.com./',
    'http://[2606:4700::1111]/',
    'http://172.32.0.1/',
    'https://localhost.example.com/',
    'https://bücher.example/',
  ])('yes: %s', (url) => {
    expect(isPublicHost(new URL(url))).toBe(true);
  });
});

it('an image on a private host is an issue, unless the upstream is there too', () => {
  const input = { image: 'http://127.0.0.1/cat.png', prompt: 'a' };
  expect(parseVideoRequest(input, false)).toEqual({
    ok: false,
    issues: [
      {
        path: ['image'],
        message: 'must be on a public host: the upstream cannot fetch it from a private network',
      },
    ],
  });
  expect(parseVideoRequest(input, true)).toMatchObject({ ok: true });
  expect(parseVideoRequest({ image: 'cat.png', prompt: '' }, false)).toMatchObject({
    issues: [{ path: ['image'] }, { path: ['prompt'] }],
  });
});
