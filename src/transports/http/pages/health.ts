import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StoreHealth } from '../../../store/job-store.ts';
import { sendJson } from '../send-json.ts';

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
 * @param path see `isHealthPath`
 */
export async function serveHealth(
  path: string,
  { url = path }: IncomingMessage,
  response: ServerResponse,
  { probe, draining }: HealthOptions,
): Promise<void> {
  if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
  const isVerbose = new URLSearchParams(url.slice(path.length)).has('verbose');
  const health = draining() ? null : await healthInTime(probe);
  if (health !== null) sendJson(response, 200, { status: 'ready', ...(isVerbose ? details(health) : {}) });
  else sendJson(response, 503, { status: draining() ? 'draining' : 'store unavailable' });
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
