import { isIP } from 'node:net';
import process from 'node:process';
import { z } from 'zod';
import { allowedHosts, publicUrl, trustProxy } from './address-schemas.ts';
import { findMisspelt } from './misspelt-settings.ts';
import { LOWER_CASE_NAMES, proxyOf, proxyUrl } from './proxy.ts';
import { RATE_LIMIT_RPM, VENDOR_ORIGIN } from '../providers/segmind/facts.ts';
import {
  integer,
  positive,
  text,
  flag,
  origins,
  isOrigin,
  splitUrls,
  areRedisUrls,
  isJwksUrl,
  isLongSecret,
  isLoopback,
  urlPrefixes,
  readSentinels,
  type Sentinels,
} from './env-schemas.ts';

/** All settings of a gateway process, checked and frozen. Times keep the unit that their name says. */
export type Config = z.output<typeof configSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with the environment: every fault, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const environmentSchema = z.object({
  PORT: integer(4000, 0, 65_535),
  HOST: text('127.0.0.1'),
  PUBLIC_URL: publicUrl(),
  TRUST_PROXY: trustProxy(),
  ALLOWED_HOSTS: allowedHosts(),
  // Sent as a header: anything else would fail each call.
  SEGMIND_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')
    .optional(),
  SEGMIND_BASE_URL: z
    .string()
    .refine(isOrigin, 'must be an http or https origin without a path, such as https://api.segmind.com')
    .optional(),
  SEGMIND_HISTORY_URL: z
    .string()
    .refine(
      (value) => value === 'off' || isUrlWithPath(value),
      'must be off, or an http or https URL with a path and no query, such as https://api.example.com/request-history',
    )
    .optional(),
  SEGMIND_TIMEOUT_MS: integer(30_000, 1, 600_000),
  SEGMIND_RPM: integer(null, 0, 1_000_000),
  HTTPS_PROXY: proxyUrl(),
  HTTP_PROXY: proxyUrl(),
  NO_PROXY: text(''),
  REDIS_URL: z
    .string()
    .transform(splitUrls)
    .refine(areRedisUrls, 'must be redis:// or rediss:// URLs, with % in a name or password written as %25')
    .optional(),
  REDIS_CLUSTER: flag('false'),
  REDIS_SENTINELS: z
    .string()
    .refine(
      (value) => readSentinels(value) !== null,
      'must be the name of the primary, an @, and the sentinels with commas in between, such as mymaster@one.example:26379,two.example:26379',
    )
    .transform(readSentinels)
    .optional(),
  DATA_DIR: text('./data'),
  ROLE: z.enum(['api', 'poller', 'all'], 'must be api, poller or all').default('all'),
  JOB_DEADLINE_SECONDS: integer(3300, 1, 86_400),
  JOB_RETENTION_HOURS: integer(168, 1, 87_600),
  MAX_UNFINISHED_JOBS: integer(10_000, 1, 10_000_000),
  MAX_UNFINISHED_JOBS_PER_OWNER: integer(null, 0, 10_000_000),
  MAX_JOBS_PER_DAY: integer(0, 0, 10_000_000),
  MAX_JOBS_PER_DAY_PER_OWNER: integer(0, 0, 10_000_000),
  GENERATE_RPM_PER_OWNER: integer(null, 0, 1_000_000),
  MAX_STREAMS_PER_OWNER: integer(null, 0, 1_000_000),
  MAX_OPERATIONS_PER_SOCKET: integer(1000, 1, 1_000_000),
  AUTH_JWKS_URL: z
    .string()
    .refine(isJwksUrl, 'must be an https URL without credentials; http is for loopback only')
    .optional(),
  AUTH_JWT_SECRET: z
    .string()
    .refine(isLongSecret, 'must have at least 32 bytes, as HS256 asks for')
    .optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_OWNER_CLAIM: text('sub'),
  AUTH_API_KEYS_FILE: z.string().optional(),
  ALLOW_ANONYMOUS: flag('false'),
  CORS_ORIGINS: origins(),
  CALLBACK_ORIGINS: urlPrefixes(),
  INTROSPECTION: flag('true'),
  TRUSTED_DOCUMENTS_FILE: z.string().optional(),
  FEDERATION: flag('true'),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be ${LOG_LEVELS.slice(0, -1).join(', ')} or ${LOG_LEVELS.at(-1)}`)
    .default('info'),
  SANDBOX: flag('false'),
  SANDBOX_SPEED: positive(1),
});

const configSchema = environmentSchema.superRefine(checkTogether).transform((environment) => {
  const { SEGMIND_API_KEY: apiKey, SEGMIND_BASE_URL: baseUrl } = environment;
  const embeddedSandbox = apiKey === undefined && baseUrl === undefined;
  return Object.freeze({
    /** 0 picks a free one. */
    port: environment.PORT,
    host: environment.HOST,
    /** The URL that clients use, without a slash at its end; null: as each request says. */
    publicUrl: environment.PUBLIC_URL ?? null,
    /** The proxies whose `Forwarded` and `X-Forwarded-*` headers count, in CIDR notation. */
    trustProxy: environment.TRUST_PROXY,
    /** The hosts that requests may name; null: any. */
    allowedHosts: allowedHostsOf(environment),
    /** True: neither a key nor an upstream was given, so the sandbox is the upstream. */
    embeddedSandbox,
    /** Whether the embedded sandbox may fetch images from private addresses: only while it is for this machine. */
    sandboxPrivateImages: isLoopback(environment.HOST) && !isPublished(environment),
    /** Empty: calls carry no key. */
    segmindApiKey: apiKey ?? '',
    segmindBaseUrl: new URL(baseUrl ?? VENDOR_ORIGIN).origin,
    /** A URL or `off`; null: the default for the upstream. */
    segmindHistoryUrl: environment.SEGMIND_HISTORY_URL ?? null,
    segmindTimeoutMs: environment.SEGMIND_TIMEOUT_MS,
    /** Calls a minute; 0 = no limit. */
    segmindRpm: environment.SEGMIND_RPM ?? (embeddedSandbox ? 0 : RATE_LIMIT_RPM),
    /** Null: every outgoing call is direct. */
    proxy: proxyOf(environment),
    /** Null: the embedded store. */
    redis: redisOf(environment),
    dataDir: environment.DATA_DIR,
    role: environment.ROLE,
    jobDeadlineMs: environment.JOB_DEADLINE_SECONDS * 1000,
    jobRetentionMs: environment.JOB_RETENTION_HOURS * 60 * 60 * 1000,
    /** What one owner, or all together, may ask for; 0 = no limit. */
    limits: Object.freeze({
      unfinishedJobs: environment.MAX_UNFINISHED_JOBS,
      unfinishedJobsPerOwner: environment.MAX_UNFINISHED_JOBS_PER_OWNER ?? perOwner(environment, 100),
      jobsPerDay: environment.MAX_JOBS_PER_DAY,
      jobsPerDayPerOwner: environment.MAX_JOBS_PER_DAY_PER_OWNER,
      generateRpmPerOwner: environment.GENERATE_RPM_PER_OWNER ?? perOwner(environment, 60),
      streamsPerOwner: environment.MAX_STREAMS_PER_OWNER ?? perOwner(environment, 1000),
      operationsPerSocket: environment.MAX_OPERATIONS_PER_SOCKET,
    }),
    /** Null: nobody signs in, and everything runs as the owner `anonymous`. */
    auth: hasAuth(environment)
      ? Object.freeze({
          jwksUrl: environment.AUTH_JWKS_URL ?? null,
          jwtSecret: environment.AUTH_JWT_SECRET ?? null,
          issuer: environment.AUTH_ISSUER ?? null,
          audience: environment.AUTH_AUDIENCE ?? null,
          ownerClaim: environment.AUTH_OWNER_CLAIM,
          apiKeysFile: environment.AUTH_API_KEYS_FILE ?? null,
        })
      : null,
    /** Origins whose pages may ask from a browser, besides the gateway's own. */
    corsOrigins: environment.CORS_ORIGINS,
    /** URLs below which subscriptions may be called back: origins, or with a path; without a slash at the end. */
    callbackOrigins: environment.CALLBACK_ORIGINS,
    /** False: neither introspection nor suggestions in error messages. */
    introspection: environment.INTROSPECTION,
    /** Null: any document is run. */
    trustedDocumentsFile: environment.TRUSTED_DOCUMENTS_FILE ?? null,
    federation: environment.FEDERATION,
    logLevel: environment.LOG_LEVEL,
    /** How many times faster than real the sandbox is. */
    sandboxSpeed: environment.SANDBOX_SPEED,
  });
});

/** What each setting allows on its own may make no sense with another. */
function checkTogether(environment: z.output<typeof environmentSchema>, context: z.RefinementCtx): void {
  const fault = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message, input: environment });
  const { ROLE, REDIS_URL, REDIS_CLUSTER, REDIS_SENTINELS, SEGMIND_API_KEY, SEGMIND_BASE_URL } = environment;
  if (ROLE !== 'all' && REDIS_URL === undefined && REDIS_SENTINELS === undefined) {
    fault('ROLE', `${ROLE} needs REDIS_URL: the embedded store serves one process, which has to do all`);
  }
  if (ROLE === 'poller' && SEGMIND_API_KEY === undefined && SEGMIND_BASE_URL === undefined) {
    fault(
      'ROLE',
      'poller needs SEGMIND_API_KEY or SEGMIND_BASE_URL: an embedded sandbox serves its own process only',
    );
  }
  if (
    !hasAuth(environment) &&
    !environment.ALLOW_ANONYMOUS &&
    ROLE !== 'poller' &&
    !isLoopback(environment.HOST)
  ) {
    fault(
      'HOST',
      `${environment.HOST} lets others in, and nothing says who may ask: set AUTH_JWKS_URL, AUTH_JWT_SECRET or AUTH_API_KEYS_FILE, or ALLOW_ANONYMOUS=true when something in front of the gateway knows`,
    );
  }
  const isEmbedded = SEGMIND_API_KEY === undefined && SEGMIND_BASE_URL === undefined;
  if (isEmbedded && !environment.SANDBOX && ROLE !== 'poller' && !isLoopback(environment.HOST)) {
    fault(
      'SANDBOX',
      `must be true to serve the embedded sandbox's test videos at ${environment.HOST}; for real videos set SEGMIND_API_KEY`,
    );
  }
  if (environment.SANDBOX && SEGMIND_API_KEY !== undefined && SEGMIND_BASE_URL === undefined) {
    fault(
      'SANDBOX',
      'and SEGMIND_API_KEY exclude each other: with a key real videos are made, and paid for. Remove one of them',
    );
  }
  if (environment.AUTH_JWKS_URL !== undefined && environment.AUTH_JWT_SECRET !== undefined) {
    fault('AUTH_JWT_SECRET', 'and AUTH_JWKS_URL exclude each other: tokens are checked in one way');
  }
  const checksTokens = environment.AUTH_JWKS_URL !== undefined || environment.AUTH_JWT_SECRET !== undefined;
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    if (environment[name] !== undefined && !checksTokens) {
      fault(name, 'needs AUTH_JWKS_URL or AUTH_JWT_SECRET: without them no token is checked');
    }
  }
  if (REDIS_CLUSTER && REDIS_URL === undefined) {
    fault('REDIS_CLUSTER', 'needs REDIS_URL: some of the nodes of the cluster');
  }
  if (REDIS_CLUSTER && REDIS_SENTINELS !== undefined) {
    fault('REDIS_SENTINELS', 'and REDIS_CLUSTER exclude each other: a cluster needs no sentinels');
  }
  if (!REDIS_CLUSTER && (REDIS_URL?.length ?? 0) > 1) {
    fault('REDIS_URL', 'may be a list only with REDIS_CLUSTER=true');
  }
}

/**
 * Reads the settings. `.env.example` lists them all; an empty variable counts as absent.
 *
 * @throws ConfigError that names every fault
 */
export function parseConfig(environment: Environment = process.env): Config {
  return parse(configSchema, Object.keys(environmentSchema.shape), environment);
}

/** All settings that are secrets: they must not come into any log. */
export function secretsOf({ segmindApiKey, auth, redis, proxy }: Config): string[] {
  const places = [...(redis?.urls ?? []), ...(redis?.sentinels?.urls ?? [])];
  const urls = [...places, proxy?.httpsProxy ?? '', proxy?.httpProxy ?? ''];
  const passwords = urls.map((url) => URL.parse(url)?.password ?? '');
  const secrets = [segmindApiKey, auth?.jwtSecret ?? '', ...passwords, ...passwords.map(decodeURIComponent)];
  return secrets.filter((secret) => secret !== '');
}

/** Whether `npm start` started this process: npm names the script that it runs. */
export function isStartedByNpm(environment: Environment = process.env): boolean {
  return environment['npm_lifecycle_event'] === 'start';
}

function parse<T extends z.ZodType>(
  schema: T,
  settings: readonly string[],
  environment: Environment,
): z.output<T> {
  const given = Object.entries(environment)
    .map(([name, value = '']) => [name, value.trim()] as const)
    .filter(([, value]) => value !== '');
  const lowerCase = given.filter(([name]) => LOWER_CASE_NAMES.has(name));
  const renamed = lowerCase.map(([name, value]) => [name.toUpperCase(), value] as const);
  const parsed = schema.safeParse(Object.fromEntries([...given, ...renamed]));
  const names = given.filter(([name]) => !LOWER_CASE_NAMES.has(name));
  const misspelt = findMisspelt(names, settings).map(
    ({ name, nearest }) => `  ${name}: is not a setting. Did you mean ${nearest}?`,
  );
  if (parsed.success && misspelt.length === 0) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  const faults = [...misspelt, ...issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)];
  throw new ConfigError(`The configuration is wrong:\n${faults.join('\n')}`);
}

interface RedisSettings {
  readonly REDIS_URL?: readonly string[] | undefined;
  readonly REDIS_CLUSTER: boolean;
  readonly REDIS_SENTINELS?: Sentinels | null | undefined;
}

/** @returns null for the embedded store */
function redisOf({ REDIS_URL, REDIS_CLUSTER: cluster, REDIS_SENTINELS }: RedisSettings) {
  if (REDIS_SENTINELS == null) return REDIS_URL === undefined ? null : { urls: REDIS_URL, cluster };
  // Sentinels name the servers: without a URL these want no password and speak no TLS.
  return { urls: REDIS_URL ?? ['redis://primary'], cluster, sentinels: REDIS_SENTINELS };
}

function isUrlWithPath(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.pathname !== '/' && url.href === `${url.origin}${url.pathname}`;
}

function hasAuth({ AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_API_KEYS_FILE }: AuthSettings): boolean {
  return [AUTH_JWKS_URL, AUTH_JWT_SECRET, AUTH_API_KEYS_FILE].some((value) => value !== undefined);
}

/** Whether clients come through a proxy, so that loopback is no sign of this machine's user. */
function isPublished({ PUBLIC_URL, TRUST_PROXY }: z.output<typeof environmentSchema>): boolean {
  const host = PUBLIC_URL === undefined ? 'localhost' : new URL(PUBLIC_URL).hostname;
  return TRUST_PROXY.length > 0 || !isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
}

interface AuthSettings {
  readonly AUTH_JWKS_URL?: string | undefined;
  readonly AUTH_JWT_SECRET?: string | undefined;
  readonly AUTH_API_KEYS_FILE?: string | undefined;
}

/** Where nobody signs in all are one owner, and a limit for each owner would be one for all. */
function perOwner(environment: AuthSettings, fallback: number): number {
  return hasAuth(environment) ? fallback : 0;
}

/**
 * The default keeps out DNS rebinding, for which a page needs a name of its own. Where callers sign in such a page has no
 * token, so that any host is fine.
 */
function allowedHostsOf(environment: z.output<typeof environmentSchema>) {
  const { ALLOWED_HOSTS: listed, PUBLIC_URL, HOST } = environment;
  if (listed?.includes('*') === true || (listed === undefined && hasAuth(environment))) return null;
  const own = PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname];
  if (listed !== undefined) {
    return Object.freeze({ names: [...listed, ...own], addresses: 'none', upstreamNames: false } as const);
  }
  const upstreamNames = PUBLIC_URL !== undefined || environment.TRUST_PROXY.length > 0;
  const addresses = isLoopback(HOST) && !environment.ALLOW_ANONYMOUS ? 'loopback' : 'any';
  const names = isIP(HOST) === 0 ? [HOST.toLowerCase(), ...own] : own;
  return Object.freeze({ names, addresses, upstreamNames } as const);
}
