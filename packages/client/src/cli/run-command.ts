import { createReelgate } from '../reelgate.ts';
import { type CommandArguments, type CommandName, isCommand, readArguments } from './arguments.ts';
import type { Context } from './context.ts';
import { EXIT, usageError } from './exit-codes.ts';
import { generate } from './generate.ts';
import { HELP } from './help.ts';
import { list } from './list.ts';
import { reportError } from './report-error.ts';
import type { Output, Terminal } from './terminal.ts';
import { watch } from './watch.ts';

type Command = (context: Context, args: CommandArguments) => Promise<void>;

const COMMANDS: Readonly<Record<CommandName, Command>> = { generate, watch, list };
const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';

/** Where a command runs. */
export interface CommandSystem {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly err: Output;
  readonly version: string;
  /** Milliseconds for which a request is repeated while the gateway does not answer. */
  readonly retryForMs: number;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}

/** Runs a command line. @returns the exit code */
export async function runCommand(args: readonly string[], system: CommandSystem): Promise<number> {
  const [word = '', ...others] = args;
  const { out, err, version } = system;
  if (['-h', '--help', 'help'].includes(word)) return print(out, HELP['']);
  if (['-v', '--version'].includes(word)) return print(out, `${version}\n`);
  const json = others.includes('--json');
  const quiet = json || others.includes('--quiet') || others.includes('-q');
  const terminal: Terminal = { out, err, json, quiet };
  const name = isCommand(word) ? word : null;
  try {
    if (name === null) throw usageError(wrongCommand(word));
    const parsed = readArguments(name, others);
    if (parsed.values.help === true) return print(out, HELP[name]);
    await connectAndRun(COMMANDS[name], parsed, system, terminal);
    return EXIT.done;
  } catch (error) {
    if (system.signal.aborted) return EXIT.interrupted;
    const exitCode = reportError(error, terminal);
    if (exitCode === EXIT.usage && !json)
      err.write(`Help: reelgate ${name ?? ''} --help\n`.replace('  ', ' '));
    return exitCode;
  }
}

async function connectAndRun(
  command: Command,
  args: CommandArguments,
  { env, retryForMs, signal }: CommandSystem,
  terminal: Terminal,
): Promise<void> {
  const client = createReelgate({
    url: endpoint(args.values.url ?? env['REELGATE_URL']),
    token: env['REELGATE_TOKEN'] ?? null,
    retryForMs,
  });
  try {
    await command({ client, terminal, signal }, args);
  } finally {
    client.close();
  }
}

/** The GraphQL endpoint. An address without a path is the gateway's origin. */
function endpoint(text: string | undefined): string {
  if (text === undefined || text === '') return DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw usageError(
      `REELGATE_URL and --url must be an http or https URL, such as ${DEFAULT_URL}, not "${text}".`,
    );
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

function wrongCommand(word: string): string {
  const commands = Object.keys(COMMANDS).join(', ');
  return word === ''
    ? `A command is missing: ${commands}.`
    : `Unknown command "${word}". Commands: ${commands}.`;
}

function print(output: Output, text: string): number {
  output.write(text);
  return EXIT.done;
}
