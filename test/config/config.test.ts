import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { SETTING_NAMES } from '../../src/config/environment.ts';
import { faultOf } from './fault-of.ts';

const DEFAULTS = {
  port: 4000,
  host: '127.0.0.1',
  publicUrl: null,
  trustProxy: [],
  allowedHosts: { names: [], addresses: 'loopback', upstreamNames: false },
  embeddedSandbox: true,
  sandboxPrivateImages: true,
  segmindApiKey: '',
  segmindBaseUrl: 'https://api.segmind.com',
  segmindHistoryUrl: null,
  segmindTimeoutMs: 30_000,
  segmindRpm: 0,
  proxy: null,
  redis: null,
  dataDir: './data',
  archive: { type: 'folder', path: 'data/archive' },
  awsSecrets: ['', ''],
  role: 'all',
  jobDeadlineMs: 3_300_000,
  jobRetentionMs: 604_800_000,
  limits: {
    unfinishedJobs: 10_000,
    unfinishedJobsPerOwner: 0,
    jobsPerDay: 0,
    jobsPerDayPerOwner: 0,
    generateRpmPerOwner: 0,
    streamsPerOwner: 0,
    operationsPerSocket: 1000,
  },
  auth: null,
  corsOrigins: [],
  callbackOrigins: [],
  webhooks: null,
  introspection: true,
  trustedDocumentsFile: null,
  federation: true,
  metrics: null,
  traces: null,
  otelSecrets: [],
  logLevel: 'info',
  sandboxSpeed: 1,
};

/** The variables' defaults as text, where they depend on nothing. */
const DEFAULT_TEXTS: Readonly<Record<string, string>> = {
  PORT: '4000',
  HOST: '127.0.0.1',
  SEGMIND_TIMEOUT_MS: '30000',
  REDIS_CLUSTER: 'false',
  DATA_DIR: './data',
  ROLE: 'all',
  JOB_DEADLINE_SECONDS: '3300',
  JOB_RETENTION_HOURS: '168',
  MAX_UNFINISHED_JOBS: '10000',
  MAX_JOBS_PER_DAY: '0',
  MAX_JOBS_PER_DAY_PER_OWNER: '0',
  MAX_OPERATIONS_PER_SOCKET: '1000',
  AUTH_OWNER_CLAIM: 'sub',
  ALLOW_ANONYMOUS: 'false',
  INTROSPECTION: 'true',
  FEDERATION: 'true',
  METRICS_HOST: '127.0.0.1',
  LOG_LEVEL: 'info',
  SANDBOX: 'false',
  SANDBOX_SPEED: '1',
};

const REDIS_URL = 'redis://127.0.0.1:6379';
const SEGMIND_API_KEY = 'SG_1';
const SECRET = 'x'.repeat(32);

describe('the configuration', () => {
  it('has a default for every setting', () => {
    expect(parseConfig({})).toEqual(DEFAULTS);
  });

  it.each(['', ' ', '\t', undefined])('takes %j as absent', (empty) => {
    const environment = Object.fromEntries(SETTING_NAMES.map((name) => [name, empty]));
    expect(parseConfig(environment)).toEqual(DEFAULTS);
  });

  it('reads every variable, with or without surrounding blanks', () => {
    const config = parseConfig({
      PORT: ' 0 ',
      HOST: ' 0.0.0.0 ',
      PUBLIC_URL: ' https://Example.com:443/reelgate/ ',
      TRUST_PROXY: ' loopback , 192.0.2.7,10.0.0.0/8 , 2001:db8::1 ',
      ALLOWED_HOSTS: ' Video.Example.com:80 , localhost:4000, ::1 ',
      SEGMIND_API_KEY: ' SG_1 ',
      SEGMIND_BASE_URL: ' http://localhost:8080 ',
      SEGMIND_HISTORY_URL: ' http://localhost:8080/history ',
      SEGMIND_TIMEOUT_MS: '1',
      SEGMIND_RPM: '0',
      HTTPS_PROXY: ' https://ada:secret@proxy.example ',
      HTTP_PROXY: 'proxy.example:3128',
      NO_PROXY: '.internal,10.0.0.1',
      REDIS_URL: ' rediss://:secret@one.example:6380 , redis://two.example ',
      REDIS_CLUSTER: ' true ',
      DATA_DIR: ' /var/lib/reelgate ',
      ARCHIVE: ' s3://my-bucket/reelgate/videos/ ',
      ROLE: ' poller ',
      JOB_DEADLINE_SECONDS: '60',
      JOB_RETENTION_HOURS: '1',
      MAX_UNFINISHED_JOBS: '1',
      MAX_UNFINISHED_JOBS_PER_OWNER: '2',
      MAX_JOBS_PER_DAY: '3',
      MAX_JOBS_PER_DAY_PER_OWNER: '4',
      GENERATE_RPM_PER_OWNER: '5',
      MAX_STREAMS_PER_OWNER: '6',
      MAX_OPERATIONS_PER_SOCKET: '7',
      AUTH_JWKS_URL: 'https://id.example.com/jwks',
      AUTH_ISSUER: 'https://id.example.com/',
      AUTH_AUDIENCE: 'reelgate',
      AUTH_OWNER_CLAIM: 'org',
      AUTH_API_KEYS_FILE: '/run/secrets/keys.json',
      CORS_ORIGINS: 'https://a.example , http://localhost:3000/',
      WEBHOOK_SECRET: `whsec_${'ab+/'.repeat(8)}`,
      WEBHOOK_ORIGINS: 'http://localhost:9000',
      WEBHOOK_ENDPOINTS_FILE: '/etc/reelgate/webhooks.json',
      CALLBACK_ORIGINS: 'http://router:4040, https://router.example/subs/callback/',
      INTROSPECTION: 'false',
      TRUSTED_DOCUMENTS_FILE: 'documents.json',
      FEDERATION: 'false',
      METRICS_PORT: '9464',
      METRICS_HOST: '0.0.0.0',
      METRICS_TOKEN: 'a-token-of-scrapers',
      LOG_LEVEL: ' debug ',
      SANDBOX: ' true ',
      SANDBOX_SPEED: ' 0.5 ',
    });
    expect(config).toEqual({
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'https://example.com/reelgate',
      trustProxy: ['127.0.0.0/8', '::1/128', '192.0.2.7/32', '10.0.0.0/8', '2001:db8::1/128'],
      allowedHosts: {
        names: ['video.example.com:80', 'localhost:4000', '[::1]', 'example.com'],
        addresses: 'none',
        upstreamNames: false,
      },
      embeddedSandbox: false,
      sandboxPrivateImages: false,
      segmindApiKey: 'SG_1',
      segmindBaseUrl: 'http://localhost:8080',
      segmindHistoryUrl: 'http://localhost:8080/history',
      segmindTimeoutMs: 1,
      segmindRpm: 0,
      proxy: {
        httpsProxy: 'https://ada:secret@proxy.example',
        httpProxy: 'http://proxy.example:3128',
        noProxy: '.internal,10.0.0.1,localhost,127.0.0.1,::1',
      },
      redis: { urls: ['rediss://:secret@one.example:6380', 'redis://two.example'], cluster: true },
      dataDir: '/var/lib/reelgate',
      archive: { type: 's3', bucket: 'my-bucket', prefix: 'reelgate/videos', endpoint: null },
      awsSecrets: ['', ''],
      role: 'poller',
      jobDeadlineMs: 60_000,
      jobRetentionMs: 3_600_000,
      limits: {
        unfinishedJobs: 1,
        unfinishedJobsPerOwner: 2,
        jobsPerDay: 3,
        jobsPerDayPerOwner: 4,
        generateRpmPerOwner: 5,
        streamsPerOwner: 6,
        operationsPerSocket: 7,
      },
      auth: {
        jwksUrl: 'https://id.example.com/jwks',
        jwtSecret: null,
        issuer: 'https://id.example.com/',
        audience: 'reelgate',
        ownerClaim: 'org',
        apiKeysFile: '/run/secrets/keys.json',
      },
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      callbackOrigins: ['http://router:4040', 'https://router.example/subs/callback'],
      webhooks: {
        secrets: [`whsec_${'ab+/'.repeat(8)}`],
        origins: ['http://localhost:9000'],
        endpointsFile: '/etc/reelgate/webhooks.json',
      },
      introspection: false,
      trustedDocumentsFile: 'documents.json',
      federation: false,
      metrics: { server: { host: '0.0.0.0', port: 9464 }, token: 'a-token-of-scrapers' },
      traces: null,
      otelSecrets: [],
      logLevel: 'debug',
      sandboxSpeed: 0.5,
    });
  });

  it('ignores other programs’ variables', () => {
    expect(parseConfig({ PATH: '/bin', port: '1' })).toEqual(DEFAULTS);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true);
  });

  it.each([
    [{}, 0],
    [{ SEGMIND_API_KEY: 'SG_1' }, 50],
    [{ SEGMIND_API_KEY: 'SG_1', SEGMIND_RPM: '7' }, 7],
    [{ SEGMIND_API_KEY: 'SG_1', SEGMIND_RPM: '0' }, 0],
    [{ SEGMIND_RPM: '7' }, 7],
    [{ SEGMIND_BASE_URL: 'http://localhost:8080' }, 50],
  ])('limits calls a minute with %j to %i', (environment, rpm) => {
    expect(parseConfig(environment).segmindRpm).toBe(rpm);
  });
});

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
});

describe('the archive', () => {
  it.each([
    [{}, { type: 'folder', path: 'data/archive' }],
    [{ DATA_DIR: '/srv/a' }, { type: 'folder', path: '/srv/a/archive' }],
    [{ REDIS_URL }, { type: 'off', chosen: false }],
    [{ ARCHIVE: 'off' }, { type: 'off', chosen: true }],
    [
      { ARCHIVE: 'folder', REDIS_URL },
      { type: 'folder', path: 'data/archive' },
    ],
    [{ ARCHIVE: 's3://my-bucket' }, { type: 's3', bucket: 'my-bucket', prefix: '', endpoint: null }],
    [{ ARCHIVE: 's3://my.bucket/' }, { type: 's3', bucket: 'my.bucket', prefix: '', endpoint: null }],
    [{ ARCHIVE: 's3://b2b/a/B_c-1.d/' }, { type: 's3', bucket: 'b2b', prefix: 'a/B_c-1.d', endpoint: null }],
  ])('with %j is %j', (environment, archive) => {
    expect(parseConfig(environment).archive).toEqual(archive);
  });

  it('has the endpoint of Amazon’s variables, of which the one for S3 comes first', () => {
    const AWS_ENDPOINT_URL = 'http://minio:9000';
    const AWS_ENDPOINT_URL_S3 = 'https://s3.example.com';
    const ARCHIVE = 's3://my-bucket';
    expect(parseConfig({ ARCHIVE, AWS_ENDPOINT_URL }).archive).toMatchObject({ endpoint: AWS_ENDPOINT_URL });
    expect(parseConfig({ ARCHIVE, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 }).archive).toMatchObject({
      endpoint: AWS_ENDPOINT_URL_S3,
    });
  });

  it.each(['minio:9000', 'ftp://minio', 'https://key:secret@minio', 'https://minio/?a=b'])(
    'refuses the endpoint %s, unless it is not used',
    (AWS_ENDPOINT_URL_S3) => {
      expect(faultOf({ ARCHIVE: 's3://my-bucket', AWS_ENDPOINT_URL_S3 })).toBe(
        'AWS_ENDPOINT_URL_S3: must be an http or https URL without credentials, query and fragment, such as https://minio.example.com:9000',
      );
      expect(faultOf({ AWS_ENDPOINT_URL_S3 })).toBe('none');
    },
  );

  it('is no reason to check other variables of Amazon’s tools', () => {
    expect(faultOf({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_SQS: 'x', AWS_PROFILE: 'a' })).toBe('none');
  });
});

describe('sign-in', () => {
  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('is not needed on this machine, at %s', (HOST) => {
    expect(parseConfig({ HOST }).auth).toBe(null);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'gateway.example'])(
    'or ALLOW_ANONYMOUS is needed at %s',
    (HOST) => {
      expect(faultOf({ HOST, SEGMIND_API_KEY })).toMatch(
        /^HOST: .* is open to other machines and callers do not sign in/,
      );
      expect(faultOf({ HOST, SEGMIND_API_KEY, ALLOW_ANONYMOUS: 'true' })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_JWT_SECRET: SECRET })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_JWKS_URL: 'https://id.example.com/jwks' })).toBe('none');
      expect(faultOf({ HOST, SEGMIND_API_KEY, AUTH_API_KEYS_FILE: 'keys.json' })).toBe('none');
    },
  );

  it('sets limits for each owner', () => {
    expect(parseConfig({ AUTH_JWT_SECRET: SECRET }).limits).toMatchObject({
      unfinishedJobsPerOwner: 100,
      generateRpmPerOwner: 60,
      streamsPerOwner: 1000,
      operationsPerSocket: 1000,
    });
  });
});

describe('settings that contradict each other', () => {
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
    [
      { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://id.example.com' },
      'AUTH_JWT_SECRET: and AUTH_JWKS_URL exclude each other: remove one of them',
    ],
    [
      { AUTH_ISSUER: 'x' },
      'AUTH_ISSUER: needs AUTH_JWKS_URL or AUTH_JWT_SECRET: without them no JWT is accepted',
    ],
  ])('%j is refused', (environment, fault) => {
    expect(faultOf(environment)).toBe(fault);
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

it('secretsOf finds all secrets, in URLs encoded and decoded', () => {
  const secret = 'a secret of at least thirty-two bytes';
  const config = parseConfig({
    SEGMIND_API_KEY: 'key',
    AUTH_JWT_SECRET: secret,
    REDIS_URL: 'redis://ada:p%40ss@db',
    HTTPS_PROXY: 'http://ada:100%25@proxy',
    AWS_SECRET_ACCESS_KEY: 'aws secret',
    AWS_SESSION_TOKEN: 'aws token',
  });
  const decoded = ['p@ss', '100%'];
  expect(secretsOf(config)).toEqual([
    'key',
    secret,
    'aws secret',
    'aws token',
    'p%40ss',
    '100%25',
    ...decoded,
  ]);
});

describe('the error of wrong values', () => {
  it('names all of them', () => {
    const fault = faultOf({
      PORT: 'x',
      SEGMIND_BASE_URL: 'x',
      MAX_UNFINISHED_JOBS: '0',
      LOG_LEVEL: 'loud',
      SANDBOX_SPEED: 'x',
    });
    const names = [...fault.matchAll(/^(\w+): ./gm)].map(([, name]) => name);
    expect(names).toEqual(['PORT', 'SEGMIND_BASE_URL', 'MAX_UNFINISHED_JOBS', 'LOG_LEVEL', 'SANDBOX_SPEED']);
  });

  it('shows neither the key nor the password of Redis', () => {
    expect(faultOf({ SEGMIND_API_KEY: 'SG_secret', PORT: 'x' })).not.toContain('SG_secret');
    expect(faultOf({ REDIS_URL: 'http://:hunter2@localhost' })).not.toContain('hunter2');
    expect(faultOf({ REDIS_URL: 'redis://:hunter2@a,redis://b' })).not.toContain('hunter2');
  });
});

describe('.env.example', () => {
  const listed = [...readFileSync('.env.example', 'utf8').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value.trim()] as const,
  );

  it('lists every setting once', () => {
    expect(listed.map(([name]) => name).toSorted()).toEqual(SETTING_NAMES.toSorted());
  });

  it('gives each default, except those that depend on other settings', () => {
    expect(parseConfig(Object.fromEntries(listed))).toEqual(DEFAULTS);
    for (const [name, value] of listed) expect(value === '' || value === DEFAULT_TEXTS[name]).toBe(true);
  });
});
