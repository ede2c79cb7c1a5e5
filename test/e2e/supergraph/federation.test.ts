import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';
import { ask, generateRouted, JWT_SECRET, type RoutedJob, watchRouted, watchRoutedToEnd } from './client.ts';
import { installFederation } from './composition.ts';
import { type Products, startProducts } from './products.ts';
import { compose, type Router, startRouter, type SubgraphTransport } from './router.ts';

const TRANSPORTS: readonly SubgraphTransport[] = ['sse', 'ws', 'callback'];
const INSTALL_MS = 300_000;

const resources = new AsyncDisposableStack();
const routers = new Map<SubgraphTransport, Router>();
let folder: TempFolder;
let products: Products;
let reelgate: SpawnedGateway;
let startReelgate: () => Promise<SpawnedGateway>;

beforeAll(async () => {
  await installFederation();
  folder = resources.use(tempFolder());
  products = resources.use(await startProducts(await freePort()));
  const [port, ...routerPorts] = await Promise.all([freePort(), ...TRANSPORTS.map(freePort)]);
  startReelgate = () =>
    spawnGateway({
      PORT: String(port),
      DATA_DIR: `${folder.path}/data`,
      SANDBOX_SPEED: '50',
      AUTH_JWT_SECRET: JWT_SECRET,
      CALLBACK_ORIGINS: routerPorts.map((own) => `http://127.0.0.1:${own}/callback`).join(','),
    });
  reelgate = await startReelgate();
  resources.defer(() => reelgate[Symbol.asyncDispose]());
  const supergraph = `${folder.path}/supergraph.graphql`;
  await compose('apollo', reelgate.url, products.url, supergraph);
  await Promise.all(
    TRANSPORTS.map(async (transport, index) => {
      const router = await startRouter(supergraph, routerPorts[index] ?? 0, transport);
      routers.set(transport, resources.use(router));
    }),
  );
}, INSTALL_MS);

afterAll(() => resources.disposeAsync());

const through = (transport: SubgraphTransport) => routers.get(transport)?.url ?? '';

it('a product has its trailer from Reelgate', async () => {
  const url = through('sse');
  const { id } = await generateRouted(url, 'a trailer');
  products.trailers.set('1', id);
  await watchRoutedToEnd(url, id);
  const query = '{ a: product(id: "1") { id trailer { id status } } b: product(id: "2") { trailer { id } } }';
  expect(await ask(url, query)).toEqual({
    data: { a: { id: '1', trailer: { id, status: 'COMPLETED' } }, b: { trailer: null } },
  });
});

it('the router forwards the caller’s token: without a valid one Reelgate returns UNAUTHENTICATED', async () => {
  const query = '{ videoJobs { nodes { id } } }';
  for (const headers of [{}, { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.' }]) {
    const response = await fetch(`${through('sse')}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(10_000),
    });
    expect(await response.json()).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  }
});

describe.each(TRANSPORTS)('a router that subscribes by %s', (transport) => {
  it('delivers the states of a job, the final one last', async () => {
    const url = through(transport);
    const { id } = await generateRouted(url, `by ${transport}`);
    const seen = await watchRoutedToEnd(url, id);
    expect(seen.at(-1)).toMatchObject({ id, status: 'COMPLETED', isTerminal: true });
    const versions = seen.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('returns the error for an unknown job', async () => {
    await expect(watchRoutedToEnd(through(transport), 'unknown')).rejects.toThrow(
      'There is no such video job.',
    );
  });

  it('continues from the client’s version after Reelgate was killed', async () => {
    const url = through(transport);
    const { id } = await generateRouted(url, `killed under ${transport}`);
    let newest: RoutedJob | undefined;
    for await (const { data } of watchRouted(url, id)) {
      if (data != null) newest = data.videoJobUpdated;
      reelgate.kill('SIGKILL');
      await reelgate.exited;
    }
    const query = 'query ($id: ID!) { videoJob(id: $id) { status } }';
    expect((await ask(url, query, { id })).errors).toHaveLength(1);

    reelgate = await startReelgate();
    expect((await ask(url, query, { id })).errors).toBeUndefined();
    const seen = await watchRoutedToEnd(url, id, newest?.version ?? 0);
    expect(seen.at(-1)?.isTerminal).toBe(true);
  });
});
