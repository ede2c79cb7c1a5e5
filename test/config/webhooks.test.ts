import { describe, expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const PUBLIC_URL = 'https://video.example.com';
const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

describe('WEBHOOK_SECRET', () => {
  it('is one secret or two, which the log redacts', () => {
    const both = [secretOf(24), secretOf(64)];
    const config = parseConfig({ PUBLIC_URL, WEBHOOK_SECRET: both.join(', ') });
    expect(config.webhooks).toEqual({ secrets: both, origins: null, endpointsFile: null });
    expect(secretsOf(config)).toEqual(expect.arrayContaining(both));
    expect(parseConfig({}).webhooks).toBeNull();
  });

  it.each([
    ['is too short', secretOf(23)],
    ['is too long', secretOf(65)],
    ['has no prefix', secretOf(32).slice(6)],
    ['is not base64', `${secretOf(32)}!`],
    ['is in base64url', `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`],
    ['has no padding', secretOf(32).replace('=', '')],
    ['has three entries', [secretOf(24), secretOf(25), secretOf(26)].join(',')],
    ['ends with a comma', `${secretOf(24)},`],
  ])('is refused when it %s', (_, secret) => {
    const fault = faultOf({ PUBLIC_URL, WEBHOOK_SECRET: secret });
    expect(fault).toMatch(/^WEBHOOK_SECRET: must be one or two secrets .* as from: echo whsec_/);
    expect(fault).not.toContain(secret);
  });

  it('needs PUBLIC_URL', () => {
    expect(faultOf({ WEBHOOK_SECRET: secretOf(24) })).toMatch(/^PUBLIC_URL: must be set with webhooks/);
  });
});

describe('WEBHOOK_ORIGINS', () => {
  const base = { PUBLIC_URL, WEBHOOK_SECRET: secretOf(24) };

  it('are https origins, on loopback also http', () => {
    const list = 'https://Hooks.example.com/, http://127.0.0.1:9000,http://[::1]:9000,https://hooks.internal';
    expect(parseConfig({ ...base, WEBHOOK_ORIGINS: list }).webhooks?.origins).toEqual([
      'https://hooks.example.com',
      'http://127.0.0.1:9000',
      'http://[::1]:9000',
      'https://hooks.internal',
    ]);
  });

  it.each([
    ',',
    'http://hooks.internal',
    'https://example.com/path',
    'hooks.example.com',
    '*',
    'https://*.example.com',
  ])('may not be %s', (origin) => {
    expect(faultOf({ ...base, WEBHOOK_ORIGINS: origin })).toMatch(/^WEBHOOK_ORIGINS: must be https origins/);
  });

  it('need webhooks', () => {
    expect(faultOf({ WEBHOOK_ORIGINS: 'https://example.com' })).toMatch(
      /^WEBHOOK_ORIGINS: needs WEBHOOK_SECRET/,
    );
  });
});
