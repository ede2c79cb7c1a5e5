import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** A file that a setting names cannot be used. The message says why, without the file's content. */
export class SettingsFileError extends Error {
  override readonly name = 'SettingsFileError';
}

/**
 * Reads a JSON file that a setting names.
 *
 * @param setting the name of the setting, for messages
 * @throws SettingsFileError that names everything wrong in the file
 */
export function readSettingsFile<T extends z.ZodType>(setting: string, path: string, schema: T): z.output<T> {
  const parsed = schema.safeParse(readJson(setting, path), {
    error: ({ input }) => (input === undefined ? 'is missing' : null),
  });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `  ${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new SettingsFileError(`${setting} ${path} is wrong:\n${faults.join('\n')}`);
}

function readJson(setting: string, path: string): unknown {
  try {
    // Editors of Windows begin a text with a byte order mark.
    return JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    // The rest of the message cites the file.
    const [place] = /\(line \d+ column \d+\)/.exec(message) ?? [];
    const reason =
      error instanceof SyntaxError ? ['it is not JSON', place].filter(Boolean).join(' ') : message;
    throw new SettingsFileError(
      `${setting} ${path} cannot be read: ${reason}. Name a JSON file that this user may read.`,
    );
  }
}
