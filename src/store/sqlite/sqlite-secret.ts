import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** The gateway's own secret of 32 bytes, made when it is first asked for. Whoever reads it reads the jobs anyway. */
export function sqliteSecret(database: DatabaseSync): Uint8Array {
  database.prepare('INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)').run(NAME, randomBytes(32));
  const value = database.prepare('SELECT value FROM secrets WHERE name = ?').get(NAME)?.['value'];
  if (value instanceof Uint8Array) return value;
  throw new Error('The embedded store lost its secret.');
}

const NAME = 'job-tokens';
