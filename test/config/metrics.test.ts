import { describe, expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const TOKEN = 'a-token-of-scrapers';

describe('the settings of the metrics', () => {
  it('keep no metrics by default', () => {
    expect(parseConfig({}).metrics).toBeNull();
    expect(parseConfig({ METRICS_HOST: '127.0.0.1' }).metrics).toBeNull();
  });

  it('serve them on a loopback port, or on the public port for a token, which the log redacts', () => {
    expect(parseConfig({ METRICS_PORT: '9464' }).metrics).toEqual({
      server: { host: '127.0.0.1', port: 9464 },
      token: null,
    });
    const config = parseConfig({ METRICS_TOKEN: TOKEN });
    expect(config.metrics).toEqual({ server: null, token: TOKEN });
    expect(secretsOf(config)).toContain(TOKEN);
  });

  it('open them to other machines only for a token', () => {
    const open = { METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' };
    expect(faultOf(open)).toMatch(/^METRICS_TOKEN: must be set, because METRICS_HOST 0\.0\.0\.0 is open/);
    expect(parseConfig({ ...open, METRICS_TOKEN: TOKEN }).metrics).toEqual({
      server: { host: '0.0.0.0', port: 9464 },
      token: TOKEN,
    });
    expect(faultOf({ METRICS_HOST: '0.0.0.0', METRICS_TOKEN: TOKEN })).toMatch(
      /^METRICS_HOST: needs METRICS_PORT/,
    );
  });

  it('refuse the port of the clients on the same address', () => {
    expect(faultOf({ METRICS_PORT: '4000' })).toMatch(/^METRICS_PORT: must not be PORT 4000: choose another/);
    const open = { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true', SEGMIND_API_KEY: 'SG_key' };
    expect(faultOf({ ...open, METRICS_PORT: '4000' })).toMatch(/^METRICS_PORT: must not be PORT 4000/);
    for (const free of [
      { PORT: '0', METRICS_PORT: '0' },
      { HOST: '127.0.0.2', METRICS_PORT: '4000' },
    ]) {
      expect(parseConfig(free).metrics).not.toBeNull();
    }
  });

  it.each([
    ['short', 'a-short-token'],
    ['with a blank', 'a token of scrapers'],
  ])('refuse a token %s', (_, token) => {
    const fault = faultOf({ METRICS_TOKEN: token });
    expect(fault).toMatch(/^METRICS_TOKEN: must be at least 16 printable/);
    expect(fault).not.toContain(token);
  });
});
