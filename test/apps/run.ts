import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MAX_OUTPUT = 16 * 1024 * 1024;
/** Milliseconds for an installation or a build on a busy machine. */
const DEADLINE_MS = 280_000;

/** Runs a program in a folder. Rejects with its output when it fails. */
export async function run(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd, env: environment(), maxBuffer: MAX_OUTPUT, timeout: DEADLINE_MS };
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout;
  } catch (error) {
    throw new Error(`"${program} ${args.join(' ')}" failed in ${cwd}:\n${outputOf(error)}`, {
      cause: error,
    });
  }
}

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const outputs = ['stdout', 'stderr'].map((name) => String(Reflect.get(error, name)));
  return outputs.join('\n');
}

/** The user's environment, without what npm and vitest add for this project. */
export function environment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_ENV|VITEST|VITE_|NODE_OPTIONS)/.test(name),
  );
  return { ...Object.fromEntries(own), CI: '1', NEXT_TELEMETRY_DISABLED: '1' };
}
