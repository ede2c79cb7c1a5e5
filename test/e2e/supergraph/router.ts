import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { composeAll, type Composer, FEDERATION } from './composition.ts';

const START_DEADLINE_MS = 30_000;

/** How a router subscribes to Reelgate. */
export type SubgraphTransport = 'sse' | 'ws' | 'callback';

/** A Hive Gateway in a process of its own. */
export interface Router extends AsyncDisposable {
  readonly url: string;
}

/** Composes Reelgate and the products into a supergraph file. Rejects with the composition errors. */
export async function compose(
  composer: Composer,
  reelgate: string,
  products: string,
  target: string,
): Promise<void> {
  const subgraphs = [
    { name: 'reelgate', url: `${reelgate}/graphql`, file: 'schema/subgraph.graphql' },
    { name: 'products', url: `${products}/graphql`, file: `${FEDERATION}/products.graphql` },
  ];
  const [errors = []] = await composeAll([{ composer, subgraphs, target }]);
  if (errors.length > 0) throw new Error(errors.join('\n'));
}

/** Starts a Hive Gateway and waits until it serves. */
export async function startRouter(
  supergraph: string,
  port: number,
  transport: SubgraphTransport,
): Promise<Router> {
  const child = spawn(
    process.execPath,
    ['node_modules/@graphql-hive/gateway/dist/bin.js', 'supergraph', supergraph, '--host', '127.0.0.1'],
    {
      cwd: FEDERATION,
      env: { PATH: process.env['PATH'], PORT: String(port), SUBSCRIPTIONS: transport },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const collect = (chunk: string) => {
    output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`Hive Gateway did not start:\n${output}`);
    }
    await delay(100);
  }
  return { url, [Symbol.asyncDispose]: stop };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readiness`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
