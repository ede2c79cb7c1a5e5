import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
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

it('a wrong configuration gives an error that names every wrong value', () => {
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
