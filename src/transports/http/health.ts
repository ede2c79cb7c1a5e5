import type { ServerResponse } from 'node:http';
import type { StoreHealth } from '../../store/job-store.ts';

/** Milliseconds that the store has to answer. */
const PROBE_TIMEOUT_MS = 2000;

/** Whether a path is one of the health checks. */
export function isHealthPath(path: string): boolean {
  return path === '/healthz' || path === '/readyz';
}

/** What readiness depends on. */
export interface HealthOptions {
  /** Resolves when the store can be read and written. */
  readonly probe: () => Promise<StoreHealth>;
  /** True while the server is shutting down. */
  readonly draining: () => boolean;
}

/**
 * Answers `/healthz` (200 while the process lives) and `/readyz` (200 while it can serve, else 503). `/readyz?verbose` adds the
 * number of quarantined records: stored records that cannot be read.
 *
 * @param url the request's target
 * @returns false when the path is neither
 */
export async function serveHealth(
  url: string,
  response: ServerResponse,
  { probe, draining }: HealthOptions,
): Promise<boolean> {
  const [path, query = ''] = url.split('?');
  if (path === '/healthz') {
    sendJson(response, 200, { status: 'ok' });
    return true;
  }
  if (path !== '/readyz') return false;
  const isVerbose = new URLSearchParams(query).has('verbose');
  const health = draining() ? null : await healthInTime(probe);
  if (health !== null) sendJson(response, 200, { status: 'ready', ...(isVerbose ? details(health) : {}) });
  else sendJson(response, 503, { status: draining() ? 'draining' : 'store unavailable' });
  return true;
}

function details({ quarantined }: StoreHealth): object {
  return { quarantinedRecords: quarantined };
}

/** @returns null when the store fails or is too slow */
async function healthInTime(probe: HealthOptions['probe']): Promise<StoreHealth | null> {
  const timeout = Promise.withResolvers<null>();
  const timer = setTimeout(() => timeout.resolve(null), PROBE_TIMEOUT_MS);
  const health = await Promise.race([probe().catch(() => null), timeout.promise]);
  clearTimeout(timer);
  return health;
}

/** Sends a JSON answer that must not be cached. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
