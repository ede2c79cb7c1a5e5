import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readSettingsFile } from '../config/settings-file.ts';
import { type Caller, isOwnerId, SCOPES } from '../domain/caller.ts';

const EMPTY_HASH = createHash('sha256').update('').digest('hex');

const fileSchema = z
  .array(
    z.strictObject({
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/i, 'must be the 64 hexadecimal digits of a SHA-256')
        .refine((hash) => hash.toLowerCase() !== EMPTY_HASH, 'is the hash of the empty text'),
      owner: z
        .string()
        .refine(isOwnerId, 'must be 1 to 256 characters, without control characters and blanks at its ends'),
      scopes: z.array(z.enum(SCOPES, `must be of ${SCOPES.join(', ')}`)),
    }),
  )
  .min(1, 'has no key')
  .superRefine(checkTogether, { when: ({ value }) => Array.isArray(value) });

const hashed = z.object({ sha256: z.string() });

/** Compares the entries, of which some may have faults of their own: all faults are named at once. */
function checkTogether(entries: readonly unknown[], context: z.RefinementCtx): void {
  const first = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const hash = hashed.safeParse(entry).data?.sha256.toLowerCase();
    if (hash === undefined) continue;
    const earlier = first.get(hash);
    if (earlier === undefined) first.set(hash, index);
    else {
      const message = `repeats the hash of entry ${earlier}: give each key one entry, with all of its scopes`;
      context.addIssue({ code: 'custom', path: [index, 'sha256'], message, input: entries });
    }
  }
}

/** Static keys for servers. Only their hashes are stored, so that the file does not reveal them. */
export class ApiKeys {
  readonly #callers: ReadonlyMap<string, Caller>;

  private constructor(callers: ReadonlyMap<string, Caller>) {
    this.#callers = callers;
  }

  /**
   * Reads the file: `[{ "sha256": "…", "owner": "backend", "scopes": ["video:generate", "video:read"] }]`.
   *
   * @throws SettingsFileError that names every fault
   */
  static read(path: string): ApiKeys {
    const keys = readSettingsFile('AUTH_API_KEYS_FILE', path, fileSchema);
    const callers = keys.map(({ sha256, owner, scopes }) => {
      const caller: Caller = { ownerId: owner, scopes: new Set(scopes), jobId: null, expiresAt: null };
      return [sha256.toLowerCase(), caller] as const;
    });
    return new ApiKeys(new Map(callers));
  }

  /** Finds the caller of a key. It is hashed first, so that the time of the look-up reveals nothing. @returns null for another token */
  find(key: string): Caller | null {
    return this.#callers.get(createHash('sha256').update(key).digest('hex')) ?? null;
  }
}
