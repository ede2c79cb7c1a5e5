import { vi } from 'vitest';
import { RedisServer, type RedisServerOptions } from './redis-server.ts';

const SLOTS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const;

/** A Redis Cluster of three masters, without replicas. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
  readonly urls: readonly string[];
  /** Runs a command on each node. */
  runOnAll(command: string, ...values: string[]): Promise<unknown[]>;
}

export async function startRedisCluster({
  certificate,
  settings: others = [],
}: Pick<RedisServerOptions, 'certificate' | 'settings'> = {}): Promise<RedisCluster> {
  await using starting = new AsyncDisposableStack();
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...others];
  if (certificate !== undefined) settings.push('--tls-cluster', 'yes');
  const tls = certificate === undefined ? {} : { certificate };
  const nodes = await Promise.all(SLOTS.map(() => RedisServer.start({ settings, appendOnly: true, ...tls })));
  for (const node of nodes) starting.use(node);
  const [first] = nodes;
  if (first === undefined) throw new Error('There is no node.');
  for (const [index, [from, to]] of SLOTS.entries()) {
    await nodes[index]?.run('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    await nodes[index]?.run('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    const port = certificate === undefined ? nodes[index]?.port : nodes[index]?.tlsPort;
    await first.run('CLUSTER', 'MEET', '127.0.0.1', String(port));
  }
  const runOnAll = (command: string, ...values: string[]) =>
    Promise.all(nodes.map((node) => node.run(command, ...values)));
  await vi.waitFor(
    async () => {
      for (const text of await runOnAll('CLUSTER', 'INFO')) {
        if (!/cluster_state:ok[^]*cluster_known_nodes:3/.test(String(text))) throw new Error(String(text));
      }
    },
    { timeout: 30_000, interval: 50 },
  );
  const owned = starting.move();
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    runOnAll,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
