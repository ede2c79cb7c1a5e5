import { gzipSync } from 'node:zlib';
import { errorReply } from '../http/reply.ts';
import type { BytesReply, FileReply, Reply } from '../http/reply.ts';
import type { Script, ScriptedResponse } from './fault.ts';

/** Scripts whose position is remembered. Past it the oldest one is forgotten, and starts again. */
const MAX_SCRIPTS = 10_000;
/** How far ahead a scripted rate limit ends. */
const RESET_MS = 1_000;

/** Remembers the position in each script. In memory only: after a restart a burst begins anew, and ends. */
export class FaultInjector {
  readonly #positions = new Map<string, number>();

  /** The next response of `script` for `key`; null = the true answer. A finished script starts again only after {@link reset}. */
  next(key: string, script: Script | undefined): ScriptedResponse | null {
    if (script === undefined) return null;
    const position = this.#positions.get(key) ?? 0;
    if (position >= script.length) return null;
    this.#positions.set(key, position + 1);
    if (this.#positions.size > MAX_SCRIPTS) this.#forgetOldest();
    return script[position] ?? null;
  }

  /** The next call with this key sees the whole script again. */
  reset(key: string): void {
    this.#positions.delete(key);
  }

  #forgetOldest(): void {
    for (const key of this.#positions.keys()) {
      this.#positions.delete(key);
      return;
    }
  }
}

/** The 404 of an unknown or expired id [page]. */
export function unknownIdReply(id: string): Reply {
  return errorReply(404, `Request ${id} not found`);
}

/** What a scripted response is made from. */
export interface ResponseContext {
  /** Epoch ms. */
  readonly now: number;
  readonly jobId: string;
  readonly videoUrl: string;
  /** Null: there is no video yet. */
  readonly video: FileReply | null;
}

/** What is sent when `response` (null: nothing) takes the place of the true answer about a job. */
export function inject(response: ScriptedResponse | null, truth: Reply, context: ResponseContext): Reply {
  if (response === null) return truth;
  switch (response.kind) {
    case 'truncate':
      return truth.kind === 'bytes' ? { ...truth, body: halfOf(truth.body) } : truth;
    case 'patch':
      return patched(truth, response.status, response.fields);
    case 'reshape':
      return patched(truth, undefined, response.fields(context.videoUrl));
    case 'gzip':
      return truth.kind === 'bytes' ? compressed(truth) : truth;
    case 'video-file':
      return context.video ?? truth;
    case 'unknown-id':
      return unknownIdReply(context.jobId);
    case 'rate-limited':
      return rateLimited(response.resetFormat, context.now + RESET_MS);
    case 'bytes':
    case 'file':
    case 'destroy':
    case 'hang':
      return response;
  }
}

function halfOf(body: string | Uint8Array): string | Uint8Array {
  return body.slice(0, Math.floor(body.length / 2));
}

function patched(
  truth: Reply,
  status: number | undefined,
  changes: Readonly<Record<string, unknown>>,
): Reply {
  if (truth.kind !== 'bytes' || (status === undefined && truth.status >= 300)) return truth;
  const fields: unknown = JSON.parse(Buffer.from(truth.body).toString('utf8'));
  const body = JSON.stringify({ ...(typeof fields === 'object' ? fields : {}), ...changes });
  return { ...truth, status: status ?? truth.status, body };
}

function compressed(truth: BytesReply): Reply {
  return {
    ...truth,
    headers: { ...truth.headers, 'content-encoding': 'gzip' },
    body: gzipSync(truth.body),
  };
}

/** The header's format is not documented: one public client reads it. */
function rateLimited(format: 'iso-8601' | 'epoch-seconds', resetAt: number): Reply {
  const reset = format === 'iso-8601' ? new Date(resetAt).toISOString() : String(Math.ceil(resetAt / 1000));
  return errorReply(429, 'Too many requests', { 'x-rate-limit-reset-at-utc': reset });
}
