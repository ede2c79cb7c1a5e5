import type { Play, Script } from './faults.ts';
import type { Reply } from './reply.ts';
import { refusal } from './reply.ts';

/** The most scripts followed at once; past it the one begun first starts again from its top. */
const MAX_SCRIPTS = 10_000;

/** Remembers how far each script has been played. In memory only: after a restart a burst begins anew, and ends. */
export class FaultDesk {
  readonly #played = new Map<string, number>();

  /** The next play of `script` for `key`; null = the true answer. Once it is over it starts again only after {@link reset}. */
  next(key: string, script: Script | undefined): Play | null {
    if (script === undefined) return null;
    const position = this.#played.get(key) ?? 0;
    if (position >= script.length) return null;
    this.#played.set(key, position + 1);
    if (this.#played.size > MAX_SCRIPTS) this.#dropOldest();
    return script[position] ?? null;
  }

  /** The next call with this key sees the whole script again. */
  reset(key: string): void {
    this.#played.delete(key);
  }

  #dropOldest(): void {
    for (const key of this.#played.keys()) {
      this.#played.delete(key);
      return;
    }
  }
}

/** The 404 of an unknown or expired id [page]. */
export function unknownId(id: string): Reply {
  return refusal(404, `Request ${id} not found`);
}

/** What is sent when `play` (null: nothing) comes upon the true answer about the job `id`. */
export function perform(play: Play | null, truth: Reply, id: string): Reply {
  if (play === null) return truth;
  switch (play.kind) {
    case 'truncate':
      return truth.kind === 'bytes' ? { ...truth, body: halfOf(truth.body) } : truth;
    case 'patch': {
      if (truth.kind !== 'bytes' || truth.status >= 300) return truth;
      const fields: unknown = JSON.parse(Buffer.from(truth.body).toString('utf8'));
      const body = JSON.stringify({ ...(typeof fields === 'object' ? fields : {}), ...play.fields });
      return { ...truth, status: play.status ?? truth.status, body };
    }
    case 'unknown-id':
      return unknownId(id);
    case 'bytes':
    case 'file':
    case 'destroy':
    case 'hang':
      return play;
  }
}

function halfOf(body: string | Uint8Array): string | Uint8Array {
  return body.slice(0, Math.floor(body.length / 2));
}
