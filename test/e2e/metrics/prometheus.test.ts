import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { graphql } from '../../support/gateway/http.ts';
import {
  generate,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { findProgram, PROMETHEUS, PROMTOOL } from '../../support/process/programs.ts';
import { type Prometheus, startPrometheus } from '../../support/process/prometheus.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const ALERTS = 'deploy/prometheus/alerts.yml';
const ALERT_TESTS = 'deploy/prometheus/alerts.test.yml';
const DASHBOARD = 'deploy/grafana/reelgate.json';

const promtool = findProgram(PROMTOOL);
/** Both come in the Debian package prometheus. */
const isInstalled = promtool !== null && findProgram(PROMETHEUS) !== null;
if (!isInstalled)
  process.stdout.write('The tests of the dashboard and the alerts need `apt-get install prometheus`.\n');

/** How often the gateway was scraped. */
const SCRAPES = 'count_over_time(up[10m]) and up == 1';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
}
const file: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } = parse(
  readFileSync(ALERTS, 'utf8'),
);
const rules = file.groups.flatMap((group) => group.rules);
const alerts = rules.flatMap(({ alert }) => alert ?? []);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const objectives =
  /^```promql\n(.*?)\n```$/ms.exec(readFileSync('docs/operations.md', 'utf8'))?.[1]?.split('\n') ?? [];

/** Metrics without a value in this test, and when they have one. */
const WITHOUT_VALUE: Readonly<Record<string, string>> = {
  reelgate_budget_waiting_jobs: 'while jobs wait for the call budget',
  reelgate_slow_clients_total: 'after a client was slow',
  reelgate_faults_total: 'after a fault',
  'error_type!=""': 'after a call to the store failed',
};

describe('the alert rules', () => {
  it('each have a case in which they fire, and a section in the documentation', () => {
    const cases = readFileSync(ALERT_TESTS, 'utf8');
    const documentation = readFileSync('docs/operations.md', 'utf8');
    expect(alerts.length).toBeGreaterThan(20);
    expect(alerts.filter((alert) => !cases.includes(`alertname="${alert}"`))).toEqual([]);
    expect(alerts.filter((alert) => !documentation.includes(`\`${alert}\``))).toEqual([]);
  });

  it.skipIf(!isInstalled)('fire when they should, and only then', () => {
    expect(runPromtool(['check', 'config', 'deploy/prometheus/prometheus.yml'])).toContain('SUCCESS');
    expect(runPromtool(['test', 'rules', ALERT_TESTS])).toContain('SUCCESS');
  });
});

describe('the dashboard', () => {
  it('has panels that do not overlap, with an id each', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const overlapping = panels.flatMap((one, index) =>
      panels
        .slice(index + 1)
        .flatMap((other) => (overlap(one, other) ? [`${one.title}, ${other.title}`] : [])),
    );
    expect(overlapping).toEqual([]);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });
});

describe.skipIf(!isInstalled)('a Prometheus that scrapes a gateway', () => {
  const resources = new AsyncDisposableStack();
  let redis: RedisServer;
  let gateway: SpawnedGateway;
  let metricsUrl: string;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const folder = resources.use(tempFolder());
    redis = resources.use(await RedisServer.start());
    gateway = resources.use(
      await spawnGateway({
        DATA_DIR: folder.path,
        REDIS_URL: redis.url,
        ARCHIVE: 'folder',
        METRICS_PORT: '0',
        SANDBOX_SPEED: '100',
        SEGMIND_RPM: '6000',
      }),
    );
    metricsUrl = /metrics are served at (http:\/\/[\w.:]+\/metrics)/.exec(gateway.output())?.[1] ?? '';
    prometheus = resources.use(await startPrometheus({ gateway: new URL(metricsUrl).host }, ALERTS));
    await scrapes(1);
    const job = await generate(gateway.url, {
      prompt: 'a cat jumps',
      image: `${gateway.url}/sandbox/images/sample.png`,
    });
    const seen = await watchToEnd(gateway.url, job.id);
    if (seen.at(-1)?.status !== 'COMPLETED')
      throw new Error(`The job ended as ${JSON.stringify(seen.at(-1))}.`);
    await graphql(gateway.url, '{ noSuchField }');
    await scrapes(2);
  });
  afterAll(() => resources.disposeAsync());

  /** Waits for more scrapes, so that rates have two samples. */
  async function scrapes(more: number): Promise<void> {
    const enough = ((await value(SCRAPES)) ?? 0) + more;
    await vi.waitFor(async () => expect(await value(SCRAPES)).toBeGreaterThanOrEqual(enough), {
      timeout: 60_000,
      interval: 100,
    });
  }

  async function value(query: string): Promise<number | undefined> {
    return (await prometheus.query(query))[0]?.value;
  }

  it('has data for every query of the dashboard and of the objectives', async () => {
    const empty: string[] = [];
    for (const query of [...queries, ...objectives]) {
      const found = await prometheus.query(withoutVariables(query));
      const reason = Object.keys(WITHOUT_VALUE).find((text) => query.includes(text));
      if (found.length === 0 && reason === undefined) empty.push(query);
    }
    expect(queries.length).toBeGreaterThan(60);
    expect(objectives).toHaveLength(6);
    expect(
      Object.keys(WITHOUT_VALUE).filter((text) => !queries.some((query) => query.includes(text))),
    ).toEqual([]);
    expect(empty).toEqual([]);
  });

  it('evaluates every rule, and no alert fires', async () => {
    await vi.waitFor(
      async () => {
        const states = await prometheus.rules();
        expect(states.filter(({ health }) => health !== 'ok')).toEqual([]);
        expect(states).toHaveLength(rules.length);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
  });

  it('finds every metric that an alert, a query or the table of faults names, and a query for every metric', async () => {
    const text = await (await fetch(metricsUrl)).text();
    expect(runPromtool(['check', 'metrics'], text)).toBe('');
    const faultTable = /^## Faults$.*?^## /ms.exec(readFileSync('docs/operations.md', 'utf8'))?.[0] ?? '';
    expect(faultTable).toContain('reelgate_circuit_open');
    const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name));
    const named = [...queries, ...rules.map(({ expr }) => expr), faultTable].flatMap(
      (expression) => expression.match(/\b(?:reelgate|gen_ai|http|db_client|process|nodejs|v8js)_\w+/g) ?? [],
    );
    // Names of labels look alike.
    const isLabel = (name: string) => text.includes(`${name}="`);
    const unknown = named.filter(
      (name) => !known.has(name.replace(/_(?:bucket|sum|count)$/, '')) && !isLabel(name),
    );
    expect(unknown).toEqual([]);
    expect([...known].filter((name) => !queries.some((query) => query.includes(name)))).toEqual([]);
  });

  it('can scrape a poller, which serves no clients', async () => {
    await using poller = await spawnGateway({
      ROLE: 'poller',
      REDIS_URL: redis.url,
      SEGMIND_BASE_URL: 'http://127.0.0.1:9',
      METRICS_TOKEN: 'a-token-of-scrapers',
    });
    const response = await fetch(`${poller.url}/metrics`, {
      headers: { authorization: 'Bearer a-token-of-scrapers' },
    });
    expect(await response.text()).toContain('reelgate_info{role="poller",store="redis"} 1');
  });

  it('shows the job in the metrics', async () => {
    expect(await value('reelgate_store_connected{connection="subscriber"}')).toBe(1);
    expect(await value('reelgate_jobs_ended_total{phase="completed"}')).toBe(1);
    expect(await value('reelgate_job_charges_total{charge="charged"}')).toBe(1);
    expect(await value('gen_ai_client_operation_duration_seconds_count{error_type=""}')).toBe(1);
    expect(await value('reelgate_operation_errors_total{error_type="GRAPHQL_VALIDATION_FAILED"}')).toBe(1);
    expect(await value('reelgate_subscription_messages_total{field="videoJobUpdated"}')).toBeGreaterThan(0);
    expect(
      await value('sum(db_client_operation_duration_seconds_count{db_operation_name="save"})'),
    ).toBeGreaterThan(1);
  });
});

/** Runs promtool, which must succeed. @returns its output */
function runPromtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(promtool ?? '', args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout + stderr;
}

/** Replaces Grafana's variables as Grafana does when all jobs and instances are selected. The steps are shorter than this test. */
function withoutVariables(query: string): string {
  return query
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('[30d:1m]', '[10m:1s]')
    .replaceAll('$job', '.*')
    .replaceAll('$instance', '.*');
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
