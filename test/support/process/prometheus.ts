import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
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

/** A running Prometheus that scrapes once a second. */
export interface Prometheus extends AsyncDisposable {
  /** Runs an instant query. @throws Error with the message of Prometheus when it is not valid */
  query(expression: string): Promise<readonly Sample[]>;
  /** All rules with the result of their last evaluation. */
  rules(): Promise<readonly RuleState[]>;
}

const START_DEADLINE_MS = 30_000;

/** Starts a Prometheus on a free port; its job is named `reelgate`. */
export async function startPrometheus(target: string, ruleFile: string): Promise<Prometheus> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  const configFile = join(folder.path, 'prometheus.yml');
  writeFileSync(
    configFile,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${resolve(ruleFile)}']
scrape_configs:
  - job_name: reelgate
    static_configs: [{ targets: ['${target}'] }]
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
  const url = await vi.waitFor(
    async () => {
      const [, address = ''] = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(output) ?? [];
      const ready = await fetch(`http://${address}/-/ready`).catch(() => null);
      if (ready?.ok !== true) throw new Error(`Prometheus did not start: ${output}`);
      return `http://${address}`;
    },
    { timeout: START_DEADLINE_MS, interval: 50 },
  );
  const owned = resources.move();
  return {
    query: async (expression) => {
      const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
      const { status, error, data }: QueryAnswer = await response.json();
      if (status !== 'success') throw new Error(`${expression}: ${error}`);
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    rules: async () => {
      const { data }: RulesAnswer = await (await fetch(`${url}/api/v1/rules`)).json();
      return data.groups.flatMap(({ rules }) => rules);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value: readonly [number, string];
    }[];
  };
}

interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly rules: readonly RuleState[] }[] };
}
