/**
 * Measures the outcome of jobs whose submission got no answer: real gateways on both stores are killed during the POST, and the
 * upstream creates each job but loses each answer. Prints a table in Markdown. Usage: npm run bench:lost-answers
 *
 * Of four jobs, one connection breaks, one POST gets a 504, one a truncated answer, and one no answer until the gateway is killed.
 * Every fifth job has the same inputs as the previous one. In the history each request has an equal one of a teammate, and requests
 * appear with a lag of up to 90 seconds.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { graphql } from '../test/support/gateway/http.ts';
import { generate, spawnGateway, type SpawnedGateway } from '../test/support/gateway/spawned-gateway.ts';
import { RedisServer } from '../test/support/redis/redis-server.ts';
import { tempFolder } from '../test/support/temp-folder.ts';
import { PaidUpstream } from '../test/support/upstream/paid-upstream.ts';

const ROUNDS = 10;
const JOBS_A_ROUND = 100;
const LOSSES = ['lost', '504', 'garbled', 'hang'] as const;
const MAX_LAG_MS = 90_000;
const TIMEOUT_MS = 15 * 60_000;
const PAGE = 100;

/** The final state of a job. */
interface End {
  readonly status: string;
  readonly upstreamRequestId: string | null;
  readonly request: { readonly prompt: string };
  readonly failure: { readonly code: string } | null;
}

const lines = [
  '| store | lost answers | found and COMPLETED | SUBMISSION_UNKNOWN | otherwise failed | second POSTs | requests with two jobs | wrong or foreign requests |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
];
for (const store of ['embedded', 'Redis, two instances'] as const) lines.push(await measure(store));
process.stdout.write(`${lines.join('\n')}\n`);

async function measure(store: 'embedded' | 'Redis, two instances'): Promise<string> {
  await using resources = new AsyncDisposableStack();
  const upstream = resources.use(
    await PaidUpstream.start({ historyLagMs: () => Math.random() ** 3 * MAX_LAG_MS, hasTeammates: true }),
  );
  const folder = resources.use(tempFolder());
  const redis = store === 'embedded' ? null : resources.use(await RedisServer.start({ appendOnly: true }));
  const settings = {
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_RPM: '0',
    SEGMIND_TIMEOUT_MS: '4000',
    ...(redis === null ? { DATA_DIR: folder.path } : { REDIS_URL: redis.url }),
  };
  const start = () =>
    Promise.all(Array.from({ length: redis === null ? 1 : 2 }, () => spawnGateway(settings)));
  let gateways = await start();
  resources.defer(() => Promise.all(gateways.map((one) => one[Symbol.asyncDispose]())).then(() => {}));

  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(
      Array.from({ length: JOBS_A_ROUND }, (_, index) =>
        generate((gateways[index % gateways.length] ?? never()).url, { prompt: promptOf(round, index) }),
      ),
    );
    while (upstream.posts.length < (round + 1) * JOBS_A_ROUND) await delay(50);
    // By now the gateways have read the answers that were sent, and the other POSTs are pending.
    await delay(300);
    for (const gateway of gateways) gateway.kill('SIGKILL');
    await Promise.all(gateways.map(({ exited }) => exited));
    gateways = await start();
    process.stderr.write(`${store}: round ${round + 1} of ${ROUNDS}\n`);
  }
  const ends = await untilFinal(gateways[0] ?? never());
  return row(store, upstream, ends);
}

function promptOf(round: number, index: number): string {
  const number = index % 5 === 4 ? index - 1 : index;
  return `round ${round} job ${number} {${LOSSES[number % LOSSES.length]}}`;
}

async function untilFinal(gateway: SpawnedGateway): Promise<End[]> {
  const until = Date.now() + TIMEOUT_MS;
  for (;;) {
    const ends = await readAll(gateway);
    const open = ends.filter(({ status }) => status === 'QUEUED' || status === 'PROCESSING').length;
    if (open === 0 || Date.now() > until) return ends;
    process.stderr.write(`${open} jobs are not final\n`);
    await delay(10_000);
  }
}

async function readAll({ url }: SpawnedGateway): Promise<End[]> {
  const found: End[] = [];
  for (let after: string | null = null; ;) {
    const query = `query ($after: String) { videoJobs(first: ${PAGE}, after: $after) {
      nodes { status upstreamRequestId request { prompt } failure { code } } pageInfo { hasNextPage endCursor } } }`;
    const answer: unknown = await graphql(url, query, { after });
    const { nodes, pageInfo } = connectionOf(answer);
    found.push(...nodes);
    if (!pageInfo.hasNextPage) return found;
    after = pageInfo.endCursor;
  }
}

interface Connection {
  readonly nodes: readonly End[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

function connectionOf(answer: unknown): Connection {
  const text = JSON.stringify(answer);
  const { data }: { data?: { videoJobs?: Connection } } = JSON.parse(text);
  return data?.videoJobs ?? never(text);
}

function row(store: string, upstream: PaidUpstream, ends: readonly End[]): string {
  const ids = ends.map(({ upstreamRequestId }) => upstreamRequestId).filter((id) => id !== null);
  const wrong = ends.filter(({ upstreamRequestId, request }) => {
    if (upstreamRequestId === null) return false;
    const made = upstream.requests.get(upstreamRequestId);
    return made === undefined || made.isForeign || made.inputs['prompt'] !== request.prompt;
  });
  const count = (holds: (end: End) => boolean) => ends.filter(holds).length;
  const unknown = count(({ failure }) => failure?.code === 'SUBMISSION_UNKNOWN');
  const completed = count(({ status }) => status === 'COMPLETED');
  const figures = [
    ends.length,
    `${completed} (${((100 * completed) / ends.length).toFixed(1)} %)`,
    unknown,
    ends.length - completed - unknown,
    upstream.posts.length - ends.length,
    ids.length - new Set(ids).size,
    wrong.length,
  ];
  return `| ${[store, ...figures].join(' | ')} |`;
}

function never(what = 'unreachable'): never {
  throw new Error(what);
}
