/** Commands from the parent to a process of the benchmark. Imports only Node, so that the peers can use it. */
import { inspect } from 'node:util';

/** The commands of a process by name. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

/** CPU seconds of all threads of this process since its start. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

/** Resident memory in bytes after garbage collection. Needs `--expose-gc`. */
export async function residentBytes(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    await globalThis.gc?.({ execution: 'async' });
    // Memory that finalisers free is released by the next collection.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage.rss();
}

/** Handles the parent's commands, and ends with the parent. */
export function obey(handlers: Handlers): void {
  const all: Record<string, (input: never) => unknown> = { cpuSeconds, residentBytes, ...handlers };
  process.on('message', (text: string) => {
    const { id, command, input }: { id: number; command: string; input: never } = JSON.parse(text);
    const answer = async () => {
      const handler = all[command];
      if (handler === undefined) throw new Error(`Unknown command ${command}.`);
      return { id, output: await handler(input) };
    };
    void answer()
      .catch((error: unknown) => ({ id, error: inspect(error) }))
      .then(report);
  });
  process.on('disconnect', () => process.exit());
}

/** Reports to the parent that this process is ready. */
export function ready(url = ''): void {
  report({ ready: url });
}

function report(message: object): void {
  process.send?.(JSON.stringify(message));
}
