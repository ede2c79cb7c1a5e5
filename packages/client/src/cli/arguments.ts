import { parseArgs } from 'node:util';
import { usageError } from './exit-codes.ts';

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  url: { type: 'string' },
  output: { type: 'string', short: 'o' },
  force: { type: 'boolean', short: 'f' },
  'negative-prompt': { type: 'string' },
  resolution: { type: 'string' },
  length: { type: 'string' },
  steps: { type: 'string' },
  seed: { type: 'string' },
  'idempotency-key': { type: 'string' },
  limit: { type: 'string', short: 'n' },
  status: { type: 'string', multiple: true },
  search: { type: 'string' },
} as const;

const COMMON = ['help', 'json', 'quiet', 'url'];
const OUTPUT = ['output', 'force'];
const INPUT = ['negative-prompt', 'resolution', 'length', 'steps', 'seed', 'idempotency-key'];

/** The names of each command's options. */
const ALLOWED = {
  generate: [...COMMON, ...OUTPUT, ...INPUT],
  watch: [...COMMON, ...OUTPUT],
  list: [...COMMON, 'limit', 'status', 'search'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A command of `reelgate`. */
export type CommandName = keyof typeof ALLOWED;

/** The arguments after a command. */
export type CommandArguments = ReturnType<typeof parse>;
/** The values of all options. */
export type OptionValues = CommandArguments['values'];

/** Whether a word names a command. */
export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(ALLOWED, word);
}

/** Reads the arguments of a command. @throws CommandError when an option is not one of the command's, or lacks its value */
export function readArguments(command: CommandName, args: readonly string[]): CommandArguments {
  const parsed = parse(args);
  const wrong = Object.keys(parsed.values).find((name) => !ALLOWED[command].includes(name));
  if (wrong !== undefined) throw usageError(`--${wrong} is not an option of ${command}.`);
  return parsed;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // What follows is about unusual file names.
    throw usageError(
      error instanceof Error ? error.message.replace(/\.? To specify a positional.*$/s, '.') : String(error),
    );
  }
}

/** The whole number of an option; undefined when it is absent. @throws CommandError when it is no whole number */
export function integer(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw usageError(`${option} must be a whole number, not "${text}".`);
  return Number(text);
}

/** The file of --output; null when it is absent. */
export function outputOf({ output, force }: OptionValues): string | null {
  if (output === '') throw usageError('--output needs a file.');
  if (output === undefined && force === true) throw usageError('--force needs --output.');
  return output ?? null;
}
