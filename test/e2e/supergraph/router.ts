import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tempFolder } from '../../support/temp-folder.ts';
import { composeAll, type Composer, FEDERATION } from './composition.ts';

const START_DEADLINE_MS = 30_000;

/** How a router subscribes to Reelgate. */
export type SubgraphTransport = 'sse' | 'websocket' | 'callback';

/** A router in a process of its own. */
export interface Router extends AsyncDisposable {
  readonly url: string;
}

/** Origins of the subgraphs. */
export interface Origins {
  readonly reelgate: string;
  readonly products: string;
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

/** Starts a Hive Gateway. @param planner its own, or the one of its router, written in Rust */
export function startRouter(
  supergraph: string,
  port: number,
  transport: SubgraphTransport,
  planner: 'own' | 'rust' = 'own',
): Promise<Router> {
  const program = 'node_modules/@graphql-hive/gateway/dist/bin.js';
  const args = [program, 'supergraph', supergraph, '--host', '127.0.0.1', '-c', `hive-${transport}.ts`];
  if (planner === 'rust') args.push('--hive-router-runtime');
  return startNode(args, port, { ORIGIN: `http://127.0.0.1:${port}` });
}

/** Starts an Apollo Gateway, which has no subscriptions. */
export function startApolloGateway(supergraph: string, port: number): Promise<Router> {
  return startNode(['apollo-gateway.ts'], port, { SUPERGRAPH: supergraph });
}

/** Starts Grafbase, which composes the subgraphs itself. */
export async function startGrafbase({ reelgate, products }: Origins, port: number): Promise<Router> {
  await using resources = new AsyncDisposableStack();
  // Grafbase unpacks files there.
  const home = resources.use(tempFolder());
  const program = resolve(FEDERATION, 'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
  const settings = { HOME: home.path, REELGATE: reelgate, PRODUCTS: products };
  const { url } = resources.use(await start(program, ['dev', '-c', 'grafbase.toml'], port, settings));
  const owned = resources.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function startNode(
  args: readonly string[],
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Router> {
  return start(process.execPath, ['--import', './exit-with-parent.ts', ...args], port, settings);
}

/** Starts a program in the federation package and waits until it serves. */
async function start(
  program: string,
  args: readonly string[],
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Router> {
  const child = spawn(program, args, {
    cwd: FEDERATION,
    env: { PATH: process.env['PATH'], PORT: String(port), ...settings },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
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
      throw new Error(`${program} did not start:\n${output}`);
    }
    await delay(100);
  }
  return { url, [Symbol.asyncDispose]: stop };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
      signal: AbortSignal.timeout(2000),
    });
    return (await response.text()).includes('Query');
  } catch {
    return false;
  }
}
