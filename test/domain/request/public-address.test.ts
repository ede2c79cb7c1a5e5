import { describe, expect, it } from 'vitest';
import { isPublicHost } from '../../../src/domain/request/public-address.ts';
import { requestParser } from '../../../src/domain/request/video-request.ts';
import { WAN_MODEL } from '../../../src/providers/segmind/facts.ts';

const parseVideoRequest = requestParser(WAN_MODEL);

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
    'http://localhost../',
    'http://localhost.../',
    'http://LOCALHOST%2e/',
    'http://a.localhost../',
    'http://127.0.0.1./',
    'http://example..com/',
    'http://127.0.0.1.nip.io/',
    'http://8.8.8.8.nip.io/',
    'http://app.10-0-0-1.sslip.io/',
    'http://localtest.me/',
    'http://a.localtest.me./',
    'http://127.0.0.1.dns.example.com/',
    'http://10-0-0-1.example.com/',
    'http://app-192-168-1-1.example.com/',
    'http://redis.service.consul/',
    'http://host.docker.internal/',
    'http://web.docker/',
    'http://kubernetes.default/',
    'http://kubernetes.default.svc.cluster.local/',
    'http://dns.kube-system/',
    'http://db.team1/',
    'http://nas.lan/',
    'http://fritz.box/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2001:db8::1]/',
    'http://[2001:0:7f00:1::]/',
    'http://[2002:a00:1::1]/',
    'http://[fec0::1]/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://192.0.2.1/',
    'http://240.0.0.1/',
    'http://192.88.99.1/',
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
    'https://internal.example.com/',
    'https://notnip.io/',
    'https://8-8-8-8.example.com/',
    'https://v1-2-3-4.example.com/',
    'https://build-0-0-1-2.example.com/',
    'https://ec2-54-203-0-1.us-west-2.compute.amazonaws.com/',
    'https://example.xn--p1ai/',
    'https://bücher.example/',
  ])('yes: %s', (url) => {
    expect(isPublicHost(new URL(url))).toBe(true);
  });
});

it('an image on a private host is an error, unless the upstream is on a private host too', () => {
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
