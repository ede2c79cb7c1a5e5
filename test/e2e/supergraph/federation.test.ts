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
  watchRouted,
} from './client.ts';
import { installFederation } from './composition.ts';
import { type Crowd, type Watched, watchAtOnce } from './crowd.ts';
import { type Products, startProducts } from './products.ts';
import { compose } from './router.ts';
import { ROUTERS, startRouters } from './routers.ts';

const INSTALL_MS = 300_000;
const REFERENCES = 100;
const WATCHERS = 200;
const JOB_STATUS = 'query ($id: ID!) { videoJob(id: $id) { status } }';
const TOO_EXPENSIVE = `{ videoJobs(first: 100) { nodes { ${Array.from({ length: 45 }, (_, index) => `a${index}: request { prompt }`).join(' ')} } } }`;

const resources = new AsyncDisposableStack();
let urls: ReadonlyMap<string, string>;
let products: Products;
let reelgate: SpawnedGateway;
let startReelgate: (settings?: Readonly<Record<string, string>>) => Promise<SpawnedGateway>;

beforeAll(async () => {
  await installFederation();
  const folder = resources.use(tempFolder());
  products = resources.use(await startProducts(await freePort()));
  const [port, ...ports] = await Promise.all([freePort(), ...Object.keys(ROUTERS).map(freePort)]);
  startReelgate = (settings) =>
    spawnGateway({
      PORT: String(port),
      DATA_DIR: `${folder.path}/data`,
      SANDBOX_SPEED: '100',
      AUTH_JWT_SECRET: JWT_SECRET,
      CALLBACK_ORIGINS: ports.map((own) => `http://127.0.0.1:${own}/callback`).join(','),
      ...settings,
    });
  // With one upstream call a minute no job ends before Reelgate is killed.
  reelgate = await startReelgate({ SEGMIND_RPM: '1' });
  resources.defer(() => reelgate[Symbol.asyncDispose]());
  const supergraph = `${folder.path}/supergraph.graphql`;
  await compose('apollo', reelgate.url, products.url, supergraph);
  urls = await startRouters(resources, supergraph, ports, { reelgate: reelgate.url, products: products.url });
}, INSTALL_MS);

afterAll(() => resources.disposeAsync());

const codeOf = ({ errors }: RoutedAnswer<unknown>) => errors?.[0]?.extensions?.code;
const urlOf = (name: string) => urls.get(name) ?? '';

describe.each(Object.entries(ROUTERS))('%s', (name, { codes, subscribes }) => {
  it('answers a hundred references of another subgraph', async () => {
    const url = urlOf(name);
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
    const url = urlOf(name);
    expect(codeOf(await ask(url, 'mutation { createJobToken(id: "x") { token } }'))).toBe('NOT_FOUND');
    expect(codeOf(await ask(url, '{ videoJobs(first: 1000) { nodes { id } } }'))).toBe('BAD_USER_INPUT');
    expect(codeOf(await ask(url, TOO_EXPENSIVE))).toBe(codes.tooExpensive);
    expect(codeOf(await askWithoutToken(url, '{ videoJobs { nodes { id } } }'))).toBe(codes.unauthenticated);
  });

  it.runIf(subscribes)('returns an error for an unknown job', async () => {
    const seen: (string | undefined)[] = [];
    for await (const answer of watchRouted(urlOf(name), 'unknown')) seen.push(codeOf(answer));
    expect(seen).toEqual([codes.unknownJob]);
  });
});

describe('200 clients of each router watch a job', () => {
  const subscribing = Object.entries(ROUTERS).filter(([, { subscribes }]) => subscribes);
  const jobs = new Map<string, string>();
  const openAtKill = new Map<string, number>();
  const before = new Map<string, readonly Watched[]>();
  const after = new Map<string, readonly Watched[]>();
  const unreachable = new Map<string, unknown>();

  beforeAll(async () => {
    const crowds: { name: string; url: string; id: string; crowd: Crowd }[] = [];
    for (const [name] of subscribing) {
      const url = urlOf(name);
      const { id } = await generateRouted(url, `watched by ${name}`);
      jobs.set(name, id);
      const crowd = watchAtOnce(url, id, WATCHERS);
      crowds.push({ name, url, id, crowd });
      await crowd.started;
    }
    for (const { name, crowd } of crowds) openAtKill.set(name, crowd.open());
    reelgate.kill('SIGKILL');
    await reelgate.exited;
    for (const { name, crowd } of crowds) before.set(name, await crowd.ended);
    for (const [name, url] of urls) unreachable.set(name, codeOf(await ask(url, JOB_STATUS, { id: 'x' })));
    reelgate = await startReelgate();
    await Promise.all(
      crowds.map(async ({ name, url, id }) => {
        const version = before.get(name)?.[0]?.states.at(-1)?.version;
        after.set(name, await watchAtOnce(url, id, WATCHERS, version).ended);
      }),
    );
  });

  it.each(Object.entries(ROUTERS))(
    '%s answers a query with an error while Reelgate is away',
    (name, { codes }) => {
      expect(unreachable.get(name)).toBe(codes.unreachable);
    },
  );

  it.each(subscribing)('%s ends each stream when Reelgate is killed', (name, { codes }) => {
    expect(openAtKill.get(name)).toBe(WATCHERS);
    const seen = before.get(name)?.map(({ states, failure }) => ({
      isTerminal: states.at(-1)?.isTerminal,
      code: failure === null ? null : codeOf(failure),
    }));
    const ended = { isTerminal: false, code: codes.killed };
    expect(seen).toEqual(Array.from({ length: WATCHERS }, () => ended));
  });

  it.each(subscribing)('%s continues from each client’s version to the final state', (name) => {
    const seen = after.get(name) ?? [];
    expect(seen).toHaveLength(WATCHERS);
    for (const { states, failure } of seen) {
      expect(failure).toBe(null);
      expect(states.at(-1)).toMatchObject({ id: jobs.get(name), status: 'COMPLETED', isTerminal: true });
      const versions = states.map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    }
  });
});
