import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

describe('numbers', () => {
  const BOUNDS = [
    ['PORT', 0, 65_535],
    ['SEGMIND_TIMEOUT_MS', 1, 600_000],
    ['SEGMIND_RPM', 0, 1_000_000],
    ['JOB_DEADLINE_SECONDS', 1, 86_400],
    ['JOB_RETENTION_HOURS', 1, 87_600],
    ['MAX_UNFINISHED_JOBS', 1, 10_000_000],
    ['MAX_UNFINISHED_JOBS_PER_OWNER', 0, 10_000_000],
    ['MAX_JOBS_PER_DAY', 0, 10_000_000],
    ['MAX_JOBS_PER_DAY_PER_OWNER', 0, 10_000_000],
    ['GENERATE_RPM_PER_OWNER', 0, 1_000_000],
    ['MAX_STREAMS_PER_OWNER', 0, 1_000_000],
    ['MAX_OPERATIONS_PER_SOCKET', 1, 1_000_000],
  ] as const;

  it.each(BOUNDS)('%s is from %i to %i', (name, min, max) => {
    expect(faultOf({ [name]: String(min) })).toBe('none');
    expect(faultOf({ [name]: String(max) })).toBe('none');
    const outside = [String(min - 1), String(max + 1)];
    for (const wrong of [...outside, '1.5', '1e3', '0x10', 'ten', '1 2', '١', '9'.repeat(400)]) {
      expect(faultOf({ [name]: wrong })).toBe(`${name}: must be a whole number from ${min} to ${max}`);
    }
  });

  it.each(['0.1', '.5', '1000'])('SANDBOX_SPEED may be %s', (speed) => {
    expect(parseConfig({ SANDBOX_SPEED: speed }).sandboxSpeed).toBe(Number(speed));
  });
});

describe('URLs', () => {
  it.each(['off', 'https://api.example.com/history', 'http://127.0.0.1:8080/a/b/'])(
    'SEGMIND_HISTORY_URL may be %s',
    (url) => {
      expect(parseConfig({ SEGMIND_HISTORY_URL: url }).segmindHistoryUrl).toBe(url);
    },
  );

  it.each([
    ['https://api.segmind.com', 'https://api.segmind.com'],
    ['https://api.segmind.com/', 'https://api.segmind.com'],
    ['HTTPS://API.Segmind.com:443', 'https://api.segmind.com'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('SEGMIND_BASE_URL %s is read as %s', (given, origin) => {
    expect(parseConfig({ SEGMIND_BASE_URL: given }).segmindBaseUrl).toBe(origin);
  });

  it('of proxies may have names in lower case, which win', () => {
    const environment = { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:2', no_proxy: '*' };
    expect(parseConfig(environment).proxy).toEqual({
      httpsProxy: 'http://lower:1',
      httpProxy: '',
      noProxy: '*,localhost,127.0.0.1,::1',
    });
  });
});

/** Invalid values of each setting, with the message of the error. */
const WRONG: readonly (readonly [name: string, message: string, values: readonly string[]])[] = [
  [
    'SEGMIND_API_KEY',
    'must be printable ASCII without blanks',
    ['SG 1', 'SG_1\nX-Other: a', 'SG_\u0000', 'schlüssel'],
  ],
  [
    'SEGMIND_BASE_URL',
    'must be an http or https origin without a path, such as https://api.segmind.com',
    [
      'api.segmind.com',
      'ftp://api.segmind.com',
      'file:///etc/passwd',
      'https://api.segmind.com/v2',
      'https://api.segmind.com?a=b',
      'https://api.segmind.com#a',
      'https://user@api.segmind.com',
      'https://:password@api.segmind.com',
      'https://',
    ],
  ],
  [
    'SEGMIND_HISTORY_URL',
    'must be off, or an http or https URL with a path and no query, such as https://api.example.com/request-history',
    [
      'on',
      'OFF',
      '/history',
      'https://api.example.com',
      'https://api.example.com/',
      'ftp://api.example.com/history',
      'https://api.example.com/history?page=1',
      'https://api.example.com/history#a',
      'https://user@api.example.com/history',
      'https://:password@api.example.com/history',
    ],
  ],
  [
    'HTTP_PROXY',
    'must be the http or https URL of a proxy, with % in a name or password written as %25, such as http://proxy.example.com:3128',
    [
      'socks5://proxy.example',
      'ftp://proxy.example',
      'http://',
      'a b',
      'http://ada:50%off@proxy.example',
      '50%off:secret@proxy.example',
    ],
  ],
  [
    'REDIS_URL',
    'must be redis:// or rediss:// URLs, such as redis://localhost:6379, with % in a name or password written as %25',
    [
      'localhost:6379',
      'http://localhost',
      'redis://a,',
      'redis://a,b',
      ',',
      'redis://:50%off@a',
      'redis://50%off:secret@a',
    ],
  ],
  [
    'REDIS_SENTINELS',
    'must be the name of the primary, an @, and the sentinels with commas in between, such as mymaster@one.example:26379,two.example:26379',
    ['one.example:26379', 'mymaster@', '@one.example', 'mymaster@one.example,', 'a@http://b', 'a@b/c'],
  ],
  [
    'ARCHIVE',
    'must be folder, off, or the URL of a bucket with or without a prefix, such as s3://my-bucket/reelgate; a bucket has 3 to 63 lower-case letters, digits, dots and hyphens, a prefix letters, digits and . _ - in segments that do not begin with a dot',
    [
      'on',
      'Folder',
      '/srv/videos',
      'my-bucket',
      's3://',
      's3:///videos',
      's3://ab',
      's3://My-Bucket',
      's3://my_bucket',
      's3://-bucket',
      's3://bucket-',
      's3://my..bucket',
      's3://192.168.1.1/videos',
      's3://my-bucket//videos',
      's3://my-bucket/../other',
      's3://my-bucket/.videos',
      's3://my-bucket/a b',
      's3://my-bucket/a?b',
      's3://key:secret@my-bucket',
      's3://localhost:9000/bucket',
      `s3://my-bucket/${'a'.repeat(501)}`,
      'https://my-bucket.s3.amazonaws.com',
    ],
  ],
  ['REDIS_CLUSTER', 'must be true or false', ['yes']],
  ['ALLOW_ANONYMOUS', 'must be true or false', ['yes']],
  ['ROLE', 'must be api, poller or all', ['worker']],
  ['AUTH_JWT_SECRET', 'must have at least 32 bytes, as HS256 requires', ['short']],
  [
    'AUTH_JWKS_URL',
    'must be an https URL without credentials; http is for loopback only',
    ['http://id.example.com', 'https://ada:secret@id.example.com'],
  ],
  [
    'CALLBACK_ORIGINS',
    'must be http or https URLs with commas in between, with a path or without, such as https://router.example.com/callback',
    ['ftp://a', 'http://a/?b', 'http://u:p@a', 'http://a/%2e%2e%2fb', 'http://a//b', 'https://*.a/b', 'a'],
  ],
  [
    'SANDBOX_SPEED',
    'must be a number above 0, at most 1000',
    ['0', '-1', '1001', 'fast', 'Infinity', 'NaN', '1,5', '0x2', '1e2', '.'],
  ],
];

/** Settings without which a value would be refused for another reason. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  REDIS_URL: { REDIS_CLUSTER: 'true' },
  REDIS_CLUSTER: { REDIS_URL: 'redis://a' },
};

it.each(WRONG.flatMap(([name, message, values]) => values.map((value) => [name, value, message] as const)))(
  '%s is not %j',
  (name, value, message) => {
    expect(faultOf({ ...NEEDED[name], [name]: value })).toBe(`${name}: ${message}`);
  },
);
