import { describe, expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const REDIS_URL = 'redis://127.0.0.1:6379';
const SEGMIND_API_KEY = 'SG_1';

describe('the store and the role', () => {
  it('is one Redis server unless REDIS_CLUSTER is true', () => {
    expect(parseConfig({ REDIS_URL }).redis).toEqual({ urls: [REDIS_URL], cluster: false });
    expect(parseConfig({ REDIS_URL, REDIS_CLUSTER: 'true' }).redis).toEqual({
      urls: [REDIS_URL],
      cluster: true,
    });
  });

  it('may be a primary that Sentinels name, which may have a password of their own', () => {
    const sentinels = {
      name: 'mymaster',
      urls: ['redis://:secret@one.example:26379', 'rediss://two.example', 'redis://[::1]:26380'],
    };
    const REDIS_SENTINELS = 'mymaster@:secret@one.example:26379, rediss://two.example,[::1]:26380';
    expect(parseConfig({ REDIS_SENTINELS, ROLE: 'api', SEGMIND_API_KEY }).redis).toMatchObject({ sentinels });
    const config = parseConfig({ REDIS_SENTINELS, REDIS_URL: 'rediss://app:pw@primary/2' });
    expect(config.redis).toEqual({ urls: ['rediss://app:pw@primary/2'], cluster: false, sentinels });
    expect(secretsOf(config)).toEqual(expect.arrayContaining(['secret', 'pw']));
  });

  it.each(['api', 'poller', 'all'] as const)(
    'the role may be %s with a shared store and an upstream',
    (ROLE) => {
      expect(parseConfig({ ROLE, REDIS_URL, SEGMIND_API_KEY }).role).toBe(ROLE);
      expect(parseConfig({ ROLE, REDIS_URL, SEGMIND_BASE_URL: 'http://localhost:8080' }).role).toBe(ROLE);
    },
  );

  it.each([
    [
      { REDIS_URL, REDIS_CLUSTER: 'true', REDIS_SENTINELS: 'a@b' },
      'REDIS_SENTINELS: and REDIS_CLUSTER exclude each other: a cluster needs no sentinels',
    ],
    [{ REDIS_CLUSTER: 'true' }, 'REDIS_CLUSTER: needs REDIS_URL with the addresses of some of its nodes'],
    [{ REDIS_URL: `${REDIS_URL},redis://b` }, 'REDIS_URL: may be a list only with REDIS_CLUSTER=true'],
    [
      { ROLE: 'api', SEGMIND_API_KEY },
      'ROLE: api needs REDIS_URL: with the embedded store one process has both roles',
    ],
    [
      { ROLE: 'poller', REDIS_URL },
      'ROLE: poller needs SEGMIND_API_KEY or SEGMIND_BASE_URL: each process would start an embedded sandbox of its own',
    ],
  ])('%j is refused', (environment, fault) => {
    expect(faultOf(environment)).toBe(fault);
  });
});
