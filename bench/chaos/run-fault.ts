import { setTimeout as delay } from 'node:timers/promises';
import type { Prometheus } from '../../test/support/process/prometheus.ts';
import type { Cause } from './cause.ts';
import { type Evidence, findEvidence, type QuietTime, risesWithoutFault } from './evidence.ts';
import type { FaultRow } from './fault-table.ts';
import { gatewaysOf, type Stage } from './stage.ts';
import { waitFor } from './wait-for.ts';

/** What a metric showed of a fault. */
export interface Shown {
  readonly fault: string;
  readonly selector: string;
  /** Null: nothing. */
  readonly evidence: Evidence | null;
  /** Whether it changes without a fault too, so that it shows none. */
  readonly isUsual: boolean;
}

export interface FaultRun {
  readonly stage: Stage;
  readonly prometheus: Prometheus;
  readonly cause: Cause;
  readonly row: FaultRow;
  readonly quiet: QuietTime;
}

/** Milliseconds until a fault shows; some show only after their end. */
const MAX_MS = 20_000;
const AFTER_MS = 30_000;
/** Milliseconds for all gateways to be ready again. */
const READY_MS = 90_000;
const LOOK_MS = 1000;
/** Values after the fault, longer than the backlog of the store is cached. */
const SETTLE_MS = 6000;

/** Causes a fault, waits until it shows, ends it, and waits until the gateways are ready again. */
export async function runFault({ stage, prometheus, cause, row, quiet }: FaultRun): Promise<Shown[]> {
  const selectors = row.metrics.map(({ selector, by }) => {
    if (by !== null && cause.by === undefined) throw new Error(`The cause of "${row.fault}" needs "by".`);
    return withMatchers(selector, [`instance=~"${cause.on}"`, ...(by === null ? [] : [cause.by ?? ''])]);
  });
  const begin = Date.now() / 1000;
  const look = (at = selectors) =>
    Promise.all(at.map((selector) => findEvidence(prometheus, selector, begin, quiet)));
  const lookUntil = async (ms: number, at = selectors) => {
    const until = Date.now() + ms;
    while (Date.now() < until && (await look(at)).includes(null)) await delay(LOOK_MS);
  };
  const untilSeen = async (selector: string) => {
    const at = selectors[row.metrics.findIndex((metric) => metric.selector === selector)];
    if (at === undefined) throw new Error(`The row "${row.fault}" does not name ${selector}.`);
    await lookUntil(AFTER_MS, [at]);
  };
  const heal = await cause.begin(stage, untilSeen);
  if (cause.isFixed === true) await delay(cause.maxMs);
  else await lookUntil(cause.maxMs ?? MAX_MS);
  await heal();
  await waitFor(
    `all gateways are ready after "${row.fault}"`,
    async () => (await Promise.all(gatewaysOf(stage).map((gateway) => gateway.isReady()))).every(Boolean),
    READY_MS,
  );
  await lookUntil(AFTER_MS);
  await delay(SETTLE_MS);
  const evidence = await look();
  return Promise.all(
    row.metrics.map(async ({ selector }, index) => ({
      fault: row.fault,
      selector,
      evidence: evidence[index] ?? null,
      isUsual: await risesWithoutFault(prometheus, selectors[index] ?? selector, quiet),
    })),
  );
}

/** A selector with more matchers. */
export function withMatchers(selector: string, matchers: readonly string[]): string {
  const [, name = '', own = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(selector) ?? [];
  return `${name}{${[...(own === '' ? [] : [own]), ...matchers].join(',')}}`;
}
