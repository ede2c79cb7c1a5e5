import process from 'node:process';
import type { z } from 'zod';
import { RATE_LIMIT_RPM, VENDOR_ORIGIN } from '../providers/segmind/facts.ts';
import { allowedHostsOf, isLocal } from './addresses.ts';
import { archiveOf } from './archive.ts';
import { authOf, hasAuth } from './auth.ts';
import { environmentSchema, SETTING_NAMES } from './environment.ts';
import { metricsOf } from './metrics.ts';
import { findMisspelt } from './misspelt-settings.ts';
import { LOWER_CASE_NAMES, proxyOf } from './proxy.ts';
import { redisOf } from './redis.ts';
import { headerSecrets, tracesOf } from './traces.ts';
import { webhooksOf } from './webhooks.ts';

/** All settings of a gateway process, checked and frozen. Times keep the unit that their name says. */
export type Config = z.output<typeof configSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment has wrong settings. The message names all of them, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const configSchema = environmentSchema.transform((environment) => {
  const { SEGMIND_API_KEY: apiKey, SEGMIND_BASE_URL: baseUrl } = environment;
  const embeddedSandbox = apiKey === undefined && baseUrl === undefined;
  const signIn = hasAuth(environment);
  const redis = redisOf(environment);
  const dataDir = environment.DATA_DIR;
  // Without sign-in all callers are one owner, so a limit per owner would limit all of them together.
  const perOwner = (fallback: number) => (signIn ? fallback : 0);
  return Object.freeze({
    /** 0: any free port. */
    port: environment.PORT,
    host: environment.HOST,
    /** The URL that clients use, without a slash at the end; null: derived from each request. */
    publicUrl: environment.PUBLIC_URL ?? null,
    /** The proxies whose `Forwarded` and `X-Forwarded-*` headers are trusted, in CIDR notation. */
    trustProxy: environment.TRUST_PROXY,
    /** The hosts that requests may have; null: any. */
    allowedHosts: allowedHostsOf(environment, { signIn, allowAnonymous: environment.ALLOW_ANONYMOUS }),
    /** True: neither a key nor an upstream is set, so the sandbox is the upstream. */
    embeddedSandbox,
    /** Whether the embedded sandbox may fetch images from private addresses. */
    sandboxPrivateImages: isLocal(environment),
    /** Empty: calls carry no key. */
    segmindApiKey: apiKey ?? '',
    segmindBaseUrl: new URL(baseUrl ?? VENDOR_ORIGIN).origin,
    /** A URL or `off`; null: the default of the upstream. */
    segmindHistoryUrl: environment.SEGMIND_HISTORY_URL ?? null,
    segmindTimeoutMs: environment.SEGMIND_TIMEOUT_MS,
    /** Calls a minute; 0 = no limit. */
    segmindRpm: environment.SEGMIND_RPM ?? (embeddedSandbox ? 0 : RATE_LIMIT_RPM),
    /** Null: every outgoing call is direct. */
    proxy: proxyOf(environment),
    /** Null: the embedded store. */
    redis,
    dataDir,
    /** Where finished videos are kept. */
    archive: archiveOf(environment.ARCHIVE, { dataDir, isEmbedded: redis === null, aws: environment }),
    /** Credentials that the S3 client takes from the environment; never logged. */
    awsSecrets: Object.freeze([environment.AWS_SECRET_ACCESS_KEY, environment.AWS_SESSION_TOKEN]),
    role: environment.ROLE,
    jobDeadlineMs: environment.JOB_DEADLINE_SECONDS * 1000,
    jobRetentionMs: environment.JOB_RETENTION_HOURS * 60 * 60 * 1000,
    /** For all owners together, or for each; 0 = no limit. */
    limits: Object.freeze({
      unfinishedJobs: environment.MAX_UNFINISHED_JOBS,
      unfinishedJobsPerOwner: environment.MAX_UNFINISHED_JOBS_PER_OWNER ?? perOwner(100),
      jobsPerDay: environment.MAX_JOBS_PER_DAY,
      jobsPerDayPerOwner: environment.MAX_JOBS_PER_DAY_PER_OWNER,
      generateRpmPerOwner: environment.GENERATE_RPM_PER_OWNER ?? perOwner(60),
      streamsPerOwner: environment.MAX_STREAMS_PER_OWNER ?? perOwner(1000),
      operationsPerSocket: environment.MAX_OPERATIONS_PER_SOCKET,
    }),
    /** Null: callers do not sign in. */
    auth: authOf(environment),
    /** Origins of other pages that may send requests. */
    corsOrigins: environment.CORS_ORIGINS,
    /** Callback URLs of subscriptions must be below one of these. Without a slash at the end. */
    callbackOrigins: environment.CALLBACK_ORIGINS,
    /** Null: no webhooks are sent. */
    webhooks: webhooksOf(environment),
    /** Null: no metrics are kept. */
    metrics: metricsOf(environment),
    /** Null: no spans are made. */
    traces: tracesOf(environment),
    /** Values of the headers that the exporter of spans takes from the environment; never logged. */
    otelSecrets: Object.freeze(headerSecrets(environment)),
    /** False: neither introspection nor suggestions in error messages. */
    introspection: environment.INTROSPECTION,
    /** Null: any document is allowed. */
    trustedDocumentsFile: environment.TRUSTED_DOCUMENTS_FILE ?? null,
    federation: environment.FEDERATION,
    logLevel: environment.LOG_LEVEL,
    /** How many times faster than the vendor the sandbox is. */
    sandboxSpeed: environment.SANDBOX_SPEED,
  });
});

/**
 * Reads the settings. `.env.example` lists them all; an empty variable counts as absent.
 *
 * @throws ConfigError that names every wrong setting
 */
export function parseConfig(environment: Environment = process.env): Config {
  const given = Object.entries(environment)
    .map(([name, value = '']) => [name, value.trim()] as const)
    .filter(([, value]) => value !== '');
  const lowerCase = given.filter(([name]) => LOWER_CASE_NAMES.has(name));
  const renamed = lowerCase.map(([name, value]) => [name.toUpperCase(), value] as const);
  const parsed = configSchema.safeParse(Object.fromEntries([...given, ...renamed]));
  const others = given.filter(([name]) => !LOWER_CASE_NAMES.has(name));
  const misspelt = findMisspelt(others, SETTING_NAMES).map(
    ({ name, nearest }) => `  ${name}: is not a setting. Did you mean ${nearest}?`,
  );
  if (parsed.success && misspelt.length === 0) return parsed.data;
  const issues = parsed.error?.issues ?? [];
  const faults = [...misspelt, ...issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)];
  throw new ConfigError(`The configuration is wrong:\n${faults.join('\n')}`);
}

/** The values of all settings that are secrets and must not be logged. */
export function secretsOf({
  segmindApiKey,
  auth,
  redis,
  proxy,
  awsSecrets,
  webhooks,
  metrics,
  traces,
  otelSecrets,
}: Config): string[] {
  const redisUrls = [...(redis?.urls ?? []), ...(redis?.sentinels?.urls ?? [])];
  const urls = [...redisUrls, proxy?.httpsProxy ?? '', proxy?.httpProxy ?? '', traces?.url ?? ''];
  const passwords = urls.map((url) => URL.parse(url)?.password ?? '');
  const secrets = [
    segmindApiKey,
    auth?.jwtSecret ?? '',
    ...awsSecrets,
    ...(webhooks?.secrets ?? []),
    metrics?.token ?? '',
    ...otelSecrets,
    ...passwords,
    ...passwords.map(decodeURIComponent),
  ];
  return secrets.filter((secret) => secret !== '');
}

/** Whether `npm start` started this process: npm sets the name of the script that it runs. */
export function isStartedByNpm(environment: Environment = process.env): boolean {
  return environment['npm_lifecycle_event'] === 'start';
}
