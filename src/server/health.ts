import type { ServerResponse } from 'node:http';

/** Milliseconds that the store has to answer. */
const PROBE_TIMEOUT_MS = 2000;

/** What readiness depends on. */
export interface HealthOptions {
  /** Resolves when the store answers. */
  readonly probe: () => Promise<unknown>;
  /** True while the server is shutting down. */
  readonly draining: () => boolean;
}

/**
 * Answers `/healthz` (200 while the process lives) and `/readyz` (200 while it can serve, else 503).
 *
 * @returns false when the path is neither
 */
export async function serveHealth(
  path: string,
  response: ServerResponse,
  { probe, draining }: HealthOptions,
): Promise<boolean> {
  if (path === '/healthz') {
    sendJson(response, 200, { status: 'ok' });
    return true;
  }
  if (path !== '/readyz') return false;
  if (draining()) sendJson(response, 503, { status: 'draining' });
  else if (await answersInTime(probe)) sendJson(response, 200, { status: 'ready' });
  else sendJson(response, 503, { status: 'store unavailable' });
  return true;
}

async function answersInTime(probe: () => Promise<unknown>): Promise<boolean> {
  const timeout = Promise.withResolvers<false>();
  const timer = setTimeout(() => timeout.resolve(false), PROBE_TIMEOUT_MS);
  const answered = probe().then(
    () => true,
    () => false,
  );
  const ready = await Promise.race([answered, timeout.promise]);
  clearTimeout(timer);
  return ready;
}

/** Sends a small JSON answer that is not to be cached. */
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
