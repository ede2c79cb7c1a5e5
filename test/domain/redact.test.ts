import { describe, expect, it } from 'vitest';
import { jobFailure } from '../../src/domain/job/failure.ts';
import { redact, secretRedactor } from '../../src/domain/redact.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';

it.each([
  ['https://a.example/cat.png?X-Amz-Signature=abc&x=1', 'https://a.example/cat.png?[redacted]'],
  ['{"url":"https://a.example/a?sig=abc","b":1}', '{"url":"https://a.example/a?[redacted]","b":1}'],
  [
    String.raw`{"args":["{\"image\":\"https://a.example/a?sig=abc\",\"c\":1}"]}`,
    String.raw`{"args":["{\"image\":\"https://a.example/a?[redacted]\",\"c\":1}"]}`,
  ],
  ['redis://:hunter2@db:6379', 'redis://[redacted]@db:6379'],
  ['https://ada:pw@id.example/jwks', 'https://[redacted]@id.example/jwks'],
  [`Bearer abc.def`, 'Bearer [redacted]'],
  [`authorization: bearer ${JWT}`, 'authorization: bearer [redacted]'],
  [JWT, '[redacted]'],
  [`token rgj_${JWT},`, 'token [redacted],'],
  ['eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.', '[redacted]'],
  ['x-api-key SG_live_123', 'x-api-key SG_[redacted]'],
  ['file://ada:pw@host/a', 'file://[redacted]@host/a'],
  ['profile:///ada:pw@host/a', 'profile:///[redacted]@host/a'],
  ['redis://:p@ss@db:6379/0', 'redis://[redacted]@db:6379/0'],
  ['redis://:p/a@ss?#@db:6379/0', 'redis://[redacted]@db:6379/0'],
  ['https://ada:p@ss@id.example/@me/a@2x.png', 'https://[redacted]@id.example/@me/a@2x.png'],
  ['http://ada:p/ss@proxy:3128 is away', 'http://[redacted]@proxy:3128 is away'],
  ['https://a.example/cb#access_token=abc', 'https://a.example/cb#[redacted]'],
  ['wss://a.example/cb?a=1#access_token=abc', 'wss://a.example/cb?[redacted]'],
  [
    String.raw`{\"u\":\"https:\/\/a.example\/a?x=1\u0026sig=abc\"}`,
    String.raw`{\"u\":\"https:\/\/a.example\/a?[redacted]\"}`,
  ],
  ['GET /a?first=1&X-Amz-Signature=abc&n=1', 'GET /a?first=1&X-Amz-Signature=[redacted]&n=1'],
  ['basic YWRhOnB3', 'basic [redacted]'],
  ['Authorization: Basic YWRhOnB3', 'Authorization: Basic [redacted]'],
  ['proxy-authorization: Basic !', 'proxy-authorization: Basic [redacted]'],
  ['authorization: abc', 'authorization: [redacted]'],
  ['x-api-key: abc, accept: x', 'x-api-key: [redacted], accept: x'],
  ['["x-api-key","abc","accept"]', '["x-api-key","[redacted]","accept"]'],
  [String.raw`{\"x-api-key\":\"abc\"}`, String.raw`{\"x-api-key\":\"[redacted]\"}`],
  ['cookie: a=b; c=d', 'cookie: [redacted]'],
  ['{"set-cookie":["a=b; Path=/"],"x":1}', '{"set-cookie":["[redacted]"],"x":1}'],
])('%s', (text, redacted) => {
  expect(redact(text)).toBe(redacted);
});

it('a failure has no secrets', () => {
  const { message } = jobFailure('REJECTED', 'cannot read https://a.example/cat.png?sig=abc', 'NO');
  expect(message).toBe('cannot read https://a.example/cat.png?[redacted]');
});

it.each([
  'listening on http://127.0.0.1:4000 - GraphiQL is at /graphql',
  'SEGMIND_API_KEY is not set: the embedded sandbox at http://127.0.0.1:1 is the upstream',
  'jobs are kept in Redis at redis://127.0.0.1:6379',
  'the cat at https://a.example/cat.png looks up?',
  'https://a.example/@me/a@2x.png',
  'http://[::1]:4000/@me',
  'at Socket.<anonymous> (file:///app/node_modules/@opentelemetry/api/build/trace.js:12:3)',
  'at Socket.<anonymous> (/app/node_modules/@opentelemetry/api/build/trace.js:12:3)',
  'GET /graphql?first=1',
  'basic authentication failed, no authorization, no cookie',
  '{"authorization":null,"cookie":7}',
])('does not change: %s', (text) => {
  expect(redact(text)).toBe(text);
});

describe('a known secret is redacted', () => {
  const SECRET = 'k/ey+"with=all\\of?it';
  const clean = secretRedactor([SECRET, 'another-secret', 'short', '']);

  it.each([
    ['as it is', SECRET],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a URL, in small letters', encodeURIComponent(SECRET).toLowerCase()],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    [
      'in JSON of PHP',
      JSON.stringify(SECRET)
        .slice(1, -1)
        .replaceAll('/', String.raw`\/`),
    ],
  ])('%s', (_, form) => {
    expect(clean(`It is ${form}, another-secret, short.`)).toBe('It is [redacted], [redacted], short.');
  });

  it.each(['', 'a', 'ab', 'abc'])('in base64, behind %j', (before) => {
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = clean(Buffer.from(`${before}${SECRET}:x`).toString(encoding));
      expect(encoded).toContain('[redacted]');
      expect(Buffer.from(encoded.replace('[redacted]', ''), 'base64').toString('latin1')).not.toContain(
        'ey+',
      );
    }
  });
});

/** Each repeats the beginning of a pattern, or the middle of a match. */
const ADVERSARIAL = [
  'http://',
  '://a ',
  '://a@',
  'https:\\/\\/a\\u0026 ',
  'redis://@',
  '#',
  '@',
  '\\',
  ' ',
  'a',
  'eyJ-',
  'eyJ.',
  'eyJa.b ',
  'basic ',
  'basic YTpi ',
  'bearer ',
  '?key',
  '?key=a&',
  'x-api-key',
  'x-api-key: ',
  '"x-api-key"',
  'cookie: ',
  'SG_',
];

/** Characters. Quadratic time would be several seconds, linear time about 20 ms. */
const LENGTH = 300_000;
const LIMIT_MS = 1000;

it.each(ADVERSARIAL)('takes linear time: %j', (unit) => {
  const clean = secretRedactor(['a-secret-of-the-configuration']);
  const text = unit.repeat(LENGTH / unit.length);
  const timeOf = () => {
    const begin = performance.now();
    redact(clean(text));
    return performance.now() - begin;
  };
  // Other processes may use the machine for a moment.
  expect(Math.min(timeOf(), timeOf())).toBeLessThan(LIMIT_MS);
});
