import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import {
  ask,
  askWithoutToken,
  generateRouted,
  JWT_SECRET,
  type RoutedAnswer,
  type RoutedJob,
  watchRouted,
  watchRoutedToEnd,
} from './client.ts';
import { installFederation } from './composition.ts';
import { type Products, startProducts } from './products.ts';
import { compose, type Router } from './router.ts';
import { ROUTERS } from './routers.ts';

const INSTALL_MS = 300_000;
const REFERENCES = 100;
const WATCHERS = 200;
const JOB_STATUS = 'query ($id: ID!) { videoJob(id: $id) { status } }';
const TOO_EXPENSIVE = `{ videoJobs(first: 100) { nodes { ${Array.from({ length: 45 }, (_, index) => `a${index}: request { prompt }`).join(' ')} } } }`;

const resources = new AsyncDisposableStack();
let supergraph: string;
let products: Products;
let ports: readonly number[];
let reelgate: SpawnedGateway;
let startReelgate: () => Promise<SpawnedGateway>;

beforeAll(async () => {
  await installFederation();
  const folder = resources.use(tempFolder());
  products = resources.use(await startProducts(await freePort()));
  const [port, ...others] = await Promise.all([freePort(), ...Object.keys(ROUTERS).map(freePort)]);
  ports = others;
  startReelgate = () =>
    spawnGateway({
      PORT: String(port),
      DATA_DIR: `${folder.path}/data`,
      SANDBOX_SPEED: '100',
      AUTH_JWT_SECRET: JWT_SECRET,
      CALLBACK_ORIGINS: ports.map((own) => `http://127.0.0.1:${own}/callback`).join(','),
    });
  reelgate = await startReelgate();
  resources.defer(() => reelgate[Symbol.asyncDispose]());
  supergraph = `${folder.path}/supergraph.graphql`;
  await compose('apollo', reelgate.url, products.url, supergraph);
}, INSTALL_MS);

afterAll(() => resources.disposeAsync());

const codeOf = ({ errors }: RoutedAnswer<unknown>) => errors?.[0]?.extensions?.code;

describe.each(Object.entries(ROUTERS))('%s', (name, { start, codes, hasSubscriptions, reconnects }) => {
  let router: Router;
  let url: string;

  beforeAll(async () => {
    const port = ports[Object.keys(ROUTERS).indexOf(name)] ?? 0;
    router = await start(supergraph, port, { reelgate: reelgate.url, products: products.url });
    ({ url } = router);
  });
  afterAll(() => router[Symbol.asyncDispose]());

  it('answers a hundred references of another subgraph', async () => {
    const { id } = await generateRouted(url, `trailers by ${name}`);
    const aliases = Array.from({ length: REFERENCES }, (_, index) => `p${index}`);
    for (const alias of aliases) products.trailers.set(alias, id);
    const fields = aliases.map(
      (alias) => `${alias}: product(id: "${alias}") { trailer { id request { prompt } } }`,
    );
    const trailer = { id, request: { prompt: `trailers by ${name}` } };
    expect(await ask(url, `{ ${fields.join(' ')} none: product(id: "none") { trailer { id } } }`)).toEqual({
      data: { ...Object.fromEntries(aliases.map((alias) => [alias, { trailer }])), none: { trailer: null } },
    });
  });

  it('keeps the codes of errors, except where the documentation says so', async () => {
    expect(codeOf(await ask(url, 'mutation { createJobToken(id: "x") { token } }'))).toBe('NOT_FOUND');
    expect(codeOf(await ask(url, '{ videoJobs(first: 1000) { nodes { id } } }'))).toBe('BAD_USER_INPUT');
    expect(codeOf(await ask(url, TOO_EXPENSIVE))).toBe(codes.tooExpensive);
    expect(codeOf(await askWithoutToken(url, '{ videoJobs { nodes { id } } }'))).toBe(codes.unauthenticated);
  });

  it.runIf(hasSubscriptions)('delivers the final state to 200 subscribers at once, in order', async () => {
    const { id } = await generateRouted(url, `watched by ${name} [sandbox:slow]`);
    const all = await Promise.all(Array.from({ length: WATCHERS }, () => watchRoutedToEnd(url, id)));
    for (const seen of all) {
      expect(seen.at(-1)).toMatchObject({ id, status: 'COMPLETED', isTerminal: true });
      const versions = seen.map(({ version }) => version);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    }
  });

  it.runIf(hasSubscriptions)('returns an error for an unknown job', async () => {
    const seen: (string | undefined)[] = [];
    for await (const answer of watchRouted(url, 'unknown')) seen.push(codeOf(answer));
    expect(seen).toEqual([codes.unknownJob]);
  });

  it.runIf(hasSubscriptions)('continues from the client’s version after Reelgate was killed', async () => {
    const { id } = await generateRouted(url, `killed under ${name} [sandbox:slow]`);
    let newest: RoutedJob | undefined;
    let failure: RoutedAnswer<unknown> | null = null;
    for await (const answer of watchRouted(url, id)) {
      newest = answer.data?.videoJobUpdated ?? newest;
      if (answer.errors !== undefined) failure ??= answer;
      // Before, the submission could be lost, and searching for it takes minutes.
      if (newest?.status !== 'PROCESSING') continue;
      reelgate.kill('SIGKILL');
      await reelgate.exited;
      if (failure !== null && reconnects) break;
    }
    expect(failure === null ? null : codeOf(failure)).toBe(codes.killed);
    expect(codeOf(await ask(url, JOB_STATUS, { id }))).toBe(codes.unreachable);

    reelgate = await startReelgate();
    expect((await ask(url, JOB_STATUS, { id })).errors).toBeUndefined();
    const seen = await watchRoutedToEnd(url, id, newest?.version ?? 0);
    expect(seen.at(-1)?.isTerminal).toBe(true);
  });
});
