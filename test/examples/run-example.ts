import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EXAMPLES } from './examples-package.ts';

/** An example in a process of its own; ended when disposed. */
export interface RunningExample extends AsyncDisposable {
  /** All that it wrote to the terminal so far. */
  output(): string;
  /** The exit code, once it has ended by itself. */
  readonly exited: Promise<number | null>;
  /** Resolves when it has written what the pattern matches; rejects when it ends before. */
  wrote(pattern: RegExp): Promise<void>;
}

/** Runs a command in the folder of the examples, as their README has it, with one more argument. */
export function runExample(command: string, gateway: string, prompt: string): RunningExample {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, [...args, prompt], {
    cwd: EXAMPLES,
    env: { PATH: process.env['PATH'], REELGATE_URL: gateway },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
  });
  let output = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of looks) look();
    });
  }
  const closed = once(child, 'close');
  const exited = closed.then(() => child.exitCode);
  return {
    output: () => output,
    exited,
    wrote: async (pattern) => {
      const found = Promise.withResolvers<void>();
      const look = () => {
        if (pattern.test(output)) found.resolve();
      };
      looks.add(look);
      look();
      const ended = closed.then(() => {
        throw new Error(`The example ended early:\n${output}`);
      });
      await Promise.race([found.promise, ended]).finally(() => looks.delete(look));
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await closed;
    },
  };
}
