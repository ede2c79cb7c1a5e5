import { gzipSync } from 'node:zlib';
import { errorReply } from '../http/reply.ts';
import type { BytesReply, FileReply, Reply } from '../http/reply.ts';
import type { Script, ScriptedResponse } from './fault.ts';

/** Maximum number of stored script positions. Beyond it the oldest is deleted, and its script restarts. */
const MAX_SCRIPTS = 10_000;
/** A scripted rate limit ends after this time. */
const RESET_MS = 1_000;

/** Tracks the position in each script, in memory only: scripts restart with the sandbox. */
export class FaultInjector {
  readonly #positions = new Map<string, number>();

  /** The next response of `script` for `key`; null: the normal reply. A finished script restarts only after {@link reset}. */
  next(key: string, script: Script | undefined): ScriptedResponse | null {
    if (script === undefined) return null;
    const position = this.#positions.get(key) ?? 0;
    if (position >= script.length) return null;
    this.#positions.set(key, position + 1);
    if (this.#positions.size > MAX_SCRIPTS) this.#deleteOldest();
    return script[position] ?? null;
  }

  /** Restarts the script of this key. */
  reset(key: string): void {
    this.#positions.delete(key);
  }

  #deleteOldest(): void {
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

export interface ResponseContext {
  /** Epoch ms. */
  readonly now: number;
  readonly jobId: string;
  readonly videoUrl: string;
  /** Null: the video is not rendered yet. */
  readonly video: FileReply | null;
}

/** @returns the reply to send: the normal one, or what the scripted response makes of it */
export function inject(
  response: ScriptedResponse | null,
  normalReply: Reply,
  context: ResponseContext,
): Reply {
  if (response === null) return normalReply;
  switch (response.kind) {
    case 'truncate':
      return normalReply.kind === 'bytes' ? { ...normalReply, body: halfOf(normalReply.body) } : normalReply;
    case 'patch':
      return patched(normalReply, response.status, response.fields);
    case 'reshape':
      return patched(normalReply, undefined, response.fields(context.videoUrl));
    case 'gzip':
      return normalReply.kind === 'bytes' ? compressed(normalReply) : normalReply;
    case 'video-file':
      return context.video ?? normalReply;
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
  normalReply: Reply,
  status: number | undefined,
  changes: Readonly<Record<string, unknown>>,
): Reply {
  if (normalReply.kind !== 'bytes' || (status === undefined && normalReply.status >= 300)) return normalReply;
  const fields: unknown = JSON.parse(Buffer.from(normalReply.body).toString('utf8'));
  const body = JSON.stringify({ ...(typeof fields === 'object' ? fields : {}), ...changes });
  return { ...normalReply, status: status ?? normalReply.status, body };
}

function compressed(normalReply: BytesReply): Reply {
  return {
    ...normalReply,
    headers: { ...normalReply.headers, 'content-encoding': 'gzip' },
    body: gzipSync(normalReply.body),
  };
}

/** The format of the header is undocumented; it is known from one public client. */
function rateLimited(format: 'iso-8601' | 'epoch-seconds', resetAt: number): Reply {
  const reset = format === 'iso-8601' ? new Date(resetAt).toISOString() : String(Math.ceil(resetAt / 1000));
  return errorReply(429, 'Too many requests', { 'x-rate-limit-reset-at-utc': reset });
}
