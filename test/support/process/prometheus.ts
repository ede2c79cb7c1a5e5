import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tempFolder } from '../temp-folder.ts';
import { PROMETHEUS, requireProgram } from './programs.ts';

/** A sample of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The state of a rule. */
export interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError: string;
}

/** The samples of a series, in order. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Epoch seconds and the value. */
  readonly samples: readonly (readonly [at: number, value: number])[];
}

/** A running Prometheus that scrapes once a second. */
export interface Prometheus extends AsyncDisposable {
  /** Runs an instant query. @throws Error with the message of Prometheus when it is not valid */
  query(expression: string): Promise<readonly Sample[]>;
  /** All samples of a selector between two times in epoch seconds. @throws as `query` */
  range(selector: string, from: number, to: number): Promise<readonly Series[]>;
  /** All rules with the result of their last evaluation. */
  rules(): Promise<readonly RuleState[]>;
}

const START_DEADLINE_MS = 30_000;
const POLL_MS = 50;

/**
 * Starts a Prometheus on a free port; its job is named `reelgate`.
 *
 * @param targets `host:port` by the label `instance`
 */
export async function startPrometheus(
  targets: Readonly<Record<string, string>>,
  ruleFile: string,
): Promise<Prometheus> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  const configFile = join(folder.path, 'prometheus.yml');
  writeFileSync(
    configFile,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${resolve(ruleFile)}']
scrape_configs:
  - job_name: reelgate
    static_configs:
${Object.entries(targets)
  .map(([instance, target]) => `      - { targets: ['${target}'], labels: { instance: '${instance}' } }`)
  .join('\n')}
`,
  );
  const child = spawn(
    requireProgram(PROMETHEUS),
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = once(child, 'close');
  resources.defer(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const url = await readyUrl(() => output);
  const owned = resources.move();
  async function ask<T>(query: string, time: Readonly<Record<string, string>> = {}): Promise<readonly T[]> {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query, ...time })}`);
    const { status, error, data }: QueryAnswer<T> = await response.json();
    if (status !== 'success') throw new Error(`${query}: ${error}`);
    return data.result;
  }
  return {
    query: async (expression) => {
      const result = await ask<{ metric: Sample['metric']; value: Value }>(expression);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    range: async (selector, from, to) => {
      const seconds = Math.max(1, Math.ceil(to - from));
      const matrix = await ask<{ metric: Series['metric']; values: readonly Value[] }>(
        `${selector}[${seconds}s]`,
        { time: to.toFixed(3) },
      );
      return matrix.map(({ metric, values }) => ({
        metric,
        samples: values.map(([at, value]) => [at, Number(value)] as const),
      }));
    },
    rules: async () => {
      const { data }: RulesAnswer = await (await fetch(`${url}/api/v1/rules`)).json();
      return data.groups.flatMap(({ rules }) => rules);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The origin of a Prometheus that is ready. */
async function readyUrl(output: () => string): Promise<string> {
  const until = Date.now() + START_DEADLINE_MS;
  while (Date.now() < until) {
    const [, address = ''] = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(output()) ?? [];
    const ready = await fetch(`http://${address}/-/ready`).catch(() => null);
    if (ready?.ok === true) return `http://${address}`;
    await delay(POLL_MS);
  }
  throw new Error(`Prometheus did not start: ${output()}`);
}

type Value = readonly [at: number, value: string];

interface QueryAnswer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly T[] };
}

interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly rules: readonly RuleState[] }[] };
}
