import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A Node process that runs a TypeScript file; killed when disposed. */
export interface Child extends AsyncDisposable {
  /** Whole lines of its output so far. */
  lines(): string[];
  /** Its whole error output. */
  errors(): string;
  /** Resolves once it has written this many lines; rejects when it exits before. */
  wrote(lines: number): Promise<void>;
  /** Resolves after its exit, with all output read: the exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs a file of the tests in its own process; the file must call `endWithParent`. */
export function startChild(file: URL, ...args: string[]): Child {
  const child = spawn(process.execPath, [fileURLToPath(file), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  // The last part is an incomplete line, or empty.
  const lines = () => output.split('\n').slice(0, -1);
  return {
    lines,
    errors: () => errors,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    wrote: async (count) => {
      const over = ended.then(() => 'ended');
      while (lines().length < count) {
        if ((await Promise.race([once(child.stdout, 'data'), over])) !== 'ended') continue;
        if (lines().length < count) throw new Error(`The child ended early: ${errors}`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Exits when the parent process has ended in any way: its end closes the standard input. */
export function endWithParent(): void {
  process.stdin.resume().on('close', () => {
    process.exit();
  });
}
