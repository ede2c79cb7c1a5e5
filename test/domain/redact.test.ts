import { expect, it } from 'vitest';
import { jobFailure } from '../../src/domain/failure.ts';
import { redact } from '../../src/domain/redact.ts';

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
])('%s', (text, redacted) => {
  expect(redact(text)).toBe(redacted);
});

it('a failure repeats none', () => {
  const { message } = jobFailure('REJECTED', 'cannot read https://a.example/cat.png?sig=abc', 'NO');
  expect(message).toBe('cannot read https://a.example/cat.png?[redacted]');
});

it.each([
  'listening on http://127.0.0.1:4000 - GraphiQL is at /graphql',
  'SEGMIND_API_KEY is not set: the embedded sandbox at http://127.0.0.1:1 is the upstream',
  'jobs are kept in Redis at redis://127.0.0.1:6379',
  'the cat at https://a.example/cat.png looks up?',
])('leaves alone: %s', (text) => {
  expect(redact(text)).toBe(text);
});
