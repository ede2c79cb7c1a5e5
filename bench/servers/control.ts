/** How a process of the benchmark is told what to do by its parent. Imports nothing but Node, for the peers' sake. */

/** What a process can be asked to do, by name. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

/** CPU seconds of this process since it started, all threads together. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

/** Bytes of memory that this process has resident once the garbage is gone. Needs `--expose-gc`. */
export async function residentBytes(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    await globalThis.gc?.({ execution: 'async' });
    // What finalisers free is gone with the next collection.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage.rss();
}

/** Answers the parent's commands, and ends with it. */
export function obey(handlers: Handlers): void {
  const all: Record<string, (input: never) => unknown> = { cpuSeconds, residentBytes, ...handlers };
  process.on('message', (text: string) => {
    const { id, command, input }: { id: number; command: string; input: never } = JSON.parse(text);
    const answer = async () => {
      const handler = all[command];
      if (handler === undefined) throw new Error(`There is no command ${command}.`);
      return { id, output: await handler(input) };
    };
    void answer()
      .catch((error: unknown) => ({ id, error: String(error) }))
      .then(tell);
  });
  process.on('disconnect', () => process.exit());
}

/** Tells the parent that this process can be used. */
export function ready(url = ''): void {
  tell({ ready: url });
}

function tell(message: object): void {
  process.send?.(JSON.stringify(message));
}
