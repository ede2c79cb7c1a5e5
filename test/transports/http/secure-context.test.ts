import { expect, it } from 'vitest';
import { isSecureContext } from '../../../src/transports/http/addresses/public-url.ts';

it.each([
  ['https://example.com/reelgate', true],
  ['http://localhost:4000', true],
  ['http://app.localhost', true],
  ['http://127.8.0.1:4000', true],
  ['http://[::1]:4000', true],
  ['http://192.168.1.5:4000', false],
  ['http://127.example.com', false],
  ['http://gateway.test', false],
])('%s: %s', (url, isSecure) => {
  expect(isSecureContext(url)).toBe(isSecure);
});
