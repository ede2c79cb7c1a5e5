import { z } from 'zod';
import { RESULT_LIFETIME_MS } from '../providers/segmind/facts.ts';
import { ADDRESS_SETTINGS, isLoopback } from './addresses.ts';
import { archivePlace, AWS_VARIABLES, endpointVariable, isEndpoint } from './archive.ts';
import { AUTH_SETTINGS, hasAuth } from './auth.ts';
import { corsOrigins } from './cors-origins.ts';
import { METRICS_SETTINGS, metricsFault } from './metrics.ts';
import { proxyUrl } from './proxy.ts';
import { REDIS_SETTINGS } from './redis.ts';
import { flag, integer, isOrigin, positive, text, urlPrefixes } from './schemas.ts';
import { OTEL_VARIABLES, tracesFault } from './traces.ts';
import { WEBHOOK_SETTINGS, webhooksOf } from './webhooks.ts';

/** The default deadline leaves five minutes to collect a result before the vendor deletes it. */
const DEFAULT_DEADLINE_SECONDS = RESULT_LIFETIME_MS / 1000 - 300;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every environment variable that is a setting, each checked by itself. */
const SETTINGS = {
  ...ADDRESS_SETTINGS,
  ...AUTH_SETTINGS,
  ...REDIS_SETTINGS,
  ...WEBHOOK_SETTINGS,
  ...METRICS_SETTINGS,
  PORT: integer(4000, 0, 65_535),
  // Sent as a header, which allows no other characters.
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
  DATA_DIR: text('./data'),
  ARCHIVE: archivePlace(),
  ROLE: z.enum(['api', 'poller', 'all'], 'must be api, poller or all').default('all'),
  JOB_DEADLINE_SECONDS: integer(DEFAULT_DEADLINE_SECONDS, 1, 86_400),
  JOB_RETENTION_HOURS: integer(168, 1, 87_600),
  MAX_UNFINISHED_JOBS: integer(10_000, 1, 10_000_000),
  MAX_UNFINISHED_JOBS_PER_OWNER: integer(null, 0, 10_000_000),
  MAX_JOBS_PER_DAY: integer(0, 0, 10_000_000),
  MAX_JOBS_PER_DAY_PER_OWNER: integer(0, 0, 10_000_000),
  GENERATE_RPM_PER_OWNER: integer(null, 0, 1_000_000),
  MAX_STREAMS_PER_OWNER: integer(null, 0, 1_000_000),
  MAX_OPERATIONS_PER_SOCKET: integer(1000, 1, 1_000_000),
  ALLOW_ANONYMOUS: flag('false'),
  CORS_ORIGINS: corsOrigins(),
  CALLBACK_ORIGINS: urlPrefixes(),
  INTROSPECTION: flag('true'),
  TRUSTED_DOCUMENTS_FILE: z.string().optional(),
  FEDERATION: flag('true'),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be ${LOG_LEVELS.slice(0, -1).join(', ')} or ${LOG_LEVELS.at(-1)}`)
    .default('info'),
  SANDBOX: flag('false'),
  SANDBOX_SPEED: positive(1),
};

/** The names of all settings. */
export const SETTING_NAMES = Object.keys(SETTINGS);

const variables = z.object({ ...SETTINGS, ...AWS_VARIABLES, ...OTEL_VARIABLES });

/** Checks all settings. */
export const environmentSchema = variables.superRefine(checkCombinations);

/** Rejects settings that are valid by themselves but not together. */
function checkCombinations(environment: z.output<typeof variables>, context: z.RefinementCtx): void {
  const fault = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message, input: environment });
  const { ROLE, HOST, SANDBOX, REDIS_URL, REDIS_CLUSTER, REDIS_SENTINELS, SEGMIND_API_KEY } = environment;
  const isEmbedded = SEGMIND_API_KEY === undefined && environment.SEGMIND_BASE_URL === undefined;
  const isOpen = ROLE !== 'poller' && !isLoopback(HOST);
  if (ROLE !== 'all' && REDIS_URL === undefined && REDIS_SENTINELS === undefined) {
    fault('ROLE', `${ROLE} needs REDIS_URL: with the embedded store one process has both roles`);
  }
  if (ROLE === 'poller' && isEmbedded) {
    fault(
      'ROLE',
      'poller needs SEGMIND_API_KEY or SEGMIND_BASE_URL: each process would start an embedded sandbox of its own',
    );
  }
  if (isOpen && !hasAuth(environment) && !environment.ALLOW_ANONYMOUS) {
    fault(
      'HOST',
      `${HOST} is open to other machines and callers do not sign in: set AUTH_JWKS_URL, AUTH_JWT_SECRET or AUTH_API_KEYS_FILE, or ALLOW_ANONYMOUS=true when a proxy in front of the gateway authenticates them`,
    );
  }
  if (isOpen && isEmbedded && !SANDBOX) {
    fault(
      'SANDBOX',
      `must be true to serve the embedded sandbox's test videos at ${HOST}; for real videos set SEGMIND_API_KEY`,
    );
  }
  if (SANDBOX && SEGMIND_API_KEY !== undefined && environment.SEGMIND_BASE_URL === undefined) {
    fault(
      'SANDBOX',
      'and SEGMIND_API_KEY exclude each other: with a key the videos are real and cost money. Remove one of them',
    );
  }
  const endpoint = endpointVariable(environment);
  const usesS3 = typeof environment.ARCHIVE === 'object' && environment.ARCHIVE !== null;
  if (usesS3 && endpoint !== null && !isEndpoint(endpoint.value)) {
    fault(
      endpoint.name,
      'must be an http or https URL without credentials, query and fragment, such as https://minio.example.com:9000',
    );
  }
  if (environment.AUTH_JWKS_URL !== undefined && environment.AUTH_JWT_SECRET !== undefined) {
    fault('AUTH_JWT_SECRET', 'and AUTH_JWKS_URL exclude each other: remove one of them');
  }
  const checksTokens = environment.AUTH_JWKS_URL !== undefined || environment.AUTH_JWT_SECRET !== undefined;
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    if (environment[name] !== undefined && !checksTokens) {
      fault(name, 'needs AUTH_JWKS_URL or AUTH_JWT_SECRET: without them no JWT is accepted');
    }
  }
  const metrics = metricsFault(environment);
  if (metrics !== null) fault(...metrics);
  const traces = tracesFault(environment);
  if (traces !== null) fault(...traces);
  const hasWebhooks = webhooksOf(environment) !== null;
  if (hasWebhooks && environment.PUBLIC_URL === undefined) {
    fault('PUBLIC_URL', 'must be set with webhooks: their messages contain URLs of the gateway');
  }
  if (environment.WEBHOOK_ORIGINS !== undefined && !hasWebhooks) {
    fault(
      'WEBHOOK_ORIGINS',
      'needs WEBHOOK_SECRET or WEBHOOK_ENDPOINTS_FILE: without them no webhook is sent',
    );
  }
  if (REDIS_CLUSTER && REDIS_URL === undefined) {
    fault('REDIS_CLUSTER', 'needs REDIS_URL with the addresses of some of its nodes');
  }
  if (REDIS_CLUSTER && REDIS_SENTINELS !== undefined) {
    fault('REDIS_SENTINELS', 'and REDIS_CLUSTER exclude each other: a cluster needs no sentinels');
  }
  if (!REDIS_CLUSTER && (REDIS_URL?.length ?? 0) > 1) {
    fault('REDIS_URL', 'may be a list only with REDIS_CLUSTER=true');
  }
}

function isUrlWithPath(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.pathname !== '/' && url.href === `${url.origin}${url.pathname}`;
}
