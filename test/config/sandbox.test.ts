import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

describe('the embedded sandbox is the upstream', () => {
  it.each([
    [true, {}],
    [true, { SEGMIND_API_KEY: '', SEGMIND_BASE_URL: ' ' }],
    [false, { SEGMIND_API_KEY: 'SG_1' }],
    [false, { SEGMIND_BASE_URL: 'http://localhost:8080' }],
    [false, { SEGMIND_API_KEY: 'SG_1', SEGMIND_BASE_URL: 'http://localhost:8080' }],
  ])('%s with %j', (embedded, environment) => {
    expect(parseConfig(environment).embeddedSandbox).toBe(embedded);
  });
});

describe('the embedded sandbox', () => {
  const PUBLIC = { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' };

  it('serves other machines only with SANDBOX=true', () => {
    expect(faultOf(PUBLIC)).toBe(
      "SANDBOX: must be true to serve the embedded sandbox's test videos at 0.0.0.0; for real videos set SEGMIND_API_KEY",
    );
    expect(faultOf({ ...PUBLIC, SANDBOX: 'true' })).toBe('none');
  });

  it('is refused with a key, whose videos cost money', () => {
    expect(faultOf({ SANDBOX: 'true', SEGMIND_API_KEY: 'SG_1' })).toContain(
      'SANDBOX: and SEGMIND_API_KEY exclude each other',
    );
  });

  it.each([
    [{}, true],
    [{ HOST: '::1' }, true],
    [{ PUBLIC_URL: 'http://localhost:8080' }, true],
    [{ PUBLIC_URL: 'https://video.example.com' }, false],
    [{ TRUST_PROXY: 'loopback' }, false],
    [{ ...PUBLIC, SANDBOX: 'true' }, false],
  ])('fetches images from private addresses with %j: %s', (environment, allowed) => {
    expect(parseConfig(environment).sandboxPrivateImages).toBe(allowed);
  });
});
