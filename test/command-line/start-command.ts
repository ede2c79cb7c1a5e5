import { spawn } from 'node:child_process';
import { once } from 'node:events';

const MAIN = 'packages/client/src/cli/main.ts';
export const IMAGE = 'console/src/assets/sample.png';

/** The command `reelgate` in its own process; killed when disposed. */
export interface RunningCommand extends AsyncDisposable {
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, after all output. */
  readonly exited: Promise<number | null>;
  /** Resolves once the standard error matches. Rejects when the command ends before. */
  said(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the command from its sources. `url` is the gateway's. */
export function startCommand(
  url: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  return startProgram(process.execPath, ['-C', '@reelgate/source', MAIN, ...args], {
    REELGATE_URL: url,
    ...env,
  });
}

/** Starts the command on a terminal of 80 columns, whose output is the standard output of this program. */
export function startOnTerminal(url: string, args: readonly string[]): RunningCommand {
  const command = [process.execPath, '-C', '@reelgate/source', MAIN, ...args].map((word) => `'${word}'`);
  const script = `stty cols 80; ${command.join(' ')}`;
  return startProgram('script', ['-qefc', script, '/dev/null'], { REELGATE_URL: url, TERM: 'xterm' });
}

function startProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(() => child.exitCode);
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    kill: (signal) => child.kill(signal),
    said: async (pattern) => {
      const ended = exited.then(() => 'ended');
      while (!pattern.test(stderr)) {
        if ((await Promise.race([once(child.stderr, 'data'), ended])) !== 'ended') continue;
        if (!pattern.test(stderr)) throw new Error(`The command ended early: ${stderr}`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
