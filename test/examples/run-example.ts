import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EXAMPLES } from './examples-package.ts';

/** An example in its own process, which is killed on disposal. */
export interface RunningExample extends AsyncDisposable {
  /** Everything that the example has written to the terminal. */
  output(): string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** Resolves when the output matches the pattern. Rejects when the example ends before. */
  wrote(pattern: RegExp): Promise<void>;
}

/** Where an example sends its requests. */
export interface ExampleTarget {
  readonly url: string;
  readonly token: string;
}

/** Runs a command in the examples' folder, with a prompt as one more argument. */
export function runExample(command: string, { url, token }: ExampleTarget, prompt: string): RunningExample {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, [...args, prompt], {
    cwd: EXAMPLES,
    env: { PATH: process.env['PATH'], REELGATE_URL: url, REELGATE_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that its children can be killed with it.
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
        throw new Error(`"${command}" ended early:\n${output}`);
      });
      await Promise.race([found.promise, ended]).finally(() => looks.delete(look));
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await closed;
    },
  };
}
