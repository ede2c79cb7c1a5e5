import { statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailableError } from '../job-store.ts';

/**
 * The files that a store has open. An open file that is deleted goes on to be written, and is gone with the process: what
 * is accepted then is lost.
 */
export class DataFiles {
  readonly #folder: string;
  readonly #files: readonly { readonly path: string; readonly identity: string | null }[];

  /** @param names files in the folder, which are open by now */
  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#files = names.map((name) => {
      const path = join(folder, name);
      return { path, identity: identityOf(path) };
    });
  }

  /** @throws StoreUnavailableError when a path does not lead to its open file any more */
  check(): void {
    if (this.#files.every(({ path, identity }) => identityOf(path) === identity)) return;
    throw new StoreUnavailableError(
      `The data folder ${this.#folder} was deleted or replaced while the gateway was running; new jobs would be lost with this process. Restore the folder and restart the gateway.`,
    );
  }
}

/** @returns null when there is no file, or none that can be reached */
function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
