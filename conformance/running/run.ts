import { randomUUID } from 'node:crypto';
import type { Milestone, Need } from '../reading/case.ts';
import type { Scope } from '../reading/values.ts';
import type { Transport } from '../transports/transport.ts';
import { Milestones } from './milestones.ts';
import { milestonesOf, type CaseRun } from './plan.ts';
import { SharedJobs } from './shared-jobs.ts';
import { StepRunner } from './steps.ts';

/** Cases in progress at once, beside those that wait for the same milestone. */
const MAX_AT_ONCE = 8;
/** Seconds of a case run that waits for no job. */
const CASE_SECONDS = 20;
/** Cases with this need are run last: they end the gateway. */
const LAST: Need = 'control of the process';

/** What a run needs. */
export interface RunOptions {
  readonly caseRuns: readonly CaseRun[];
  /** The GraphQL endpoints of the gateway and of the router in front of it. */
  readonly endpoints: Readonly<Record<Transport['via'], string>>;
  readonly token: string | null;
  readonly operations: ReadonlyMap<string, string>;
  /** Values that cases may use, such as `limits`. */
  readonly values?: Scope;
  /** Seconds that the shared job may take. */
  readonly jobSeconds: number;
  /** Seconds of the whole run. */
  readonly totalSeconds: number;
  /** Stops the gateway as its operator does. */
  readonly stopGateway?: () => Promise<void>;
}

/** The outcome of one case run. */
export interface Outcome {
  readonly caseRun: CaseRun;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped; empty when it passed. */
  readonly reason: string;
}

/** Runs all cases. @param onOutcome called for each case run as soon as it has an outcome */
export async function run(
  options: RunOptions,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<readonly Outcome[]> {
  const { caseRuns, endpoints, token, operations, totalSeconds, stopGateway } = options;
  const total = AbortSignal.timeout(totalSeconds * 1000);
  const runnable = caseRuns.filter(({ transport }) => transport !== null);
  const jobs = new SharedJobs({ url: endpoints.gateway, token, signal: total }, operations);
  const milestones = new Milestones(runnable, jobs, stopGateway ?? refuseToStop);
  const outcomes = new Map<CaseRun, Outcome>();
  const settle = (outcome: Outcome) => {
    outcomes.set(outcome.caseRun, outcome);
    onOutcome(outcome);
  };
  const runOne = async (caseRun: CaseRun) => settle(await runCase(caseRun, options, milestones, total));
  for (const caseRun of caseRuns) {
    if (caseRun.skipped !== null) settle({ caseRun, state: 'skipped', reason: caseRun.skipped });
  }
  const first = runnable.filter((caseRun) => !isLast(caseRun));
  const independent = first.filter((caseRun) => !isWaiting(caseRun)).values();
  const runInTurn = async () => {
    for (const caseRun of independent) await runOne(caseRun);
  };
  await Promise.all([
    ...first.filter(isWaiting).map(runOne),
    ...Array.from({ length: MAX_AT_ONCE }, runInTurn),
  ]);
  await Promise.all(runnable.filter(isLast).map(runOne));
  return caseRuns.flatMap((caseRun) => outcomes.get(caseRun) ?? []);
}

function isLast({ case: { needs } }: CaseRun): boolean {
  return needs.includes(LAST);
}

function isWaiting(caseRun: CaseRun): boolean {
  return milestonesOf(caseRun).length > 0;
}

async function refuseToStop(): Promise<void> {
  throw new Error('This run cannot stop the gateway.');
}

async function runCase(
  caseRun: CaseRun,
  options: RunOptions,
  milestones: Milestones,
  total: AbortSignal,
): Promise<Outcome> {
  const { transport } = caseRun;
  if (transport === null) throw new Error('A skipped case is not run.');
  const { endpoints, token, operations, values = new Map() } = options;
  const seconds = CASE_SECONDS + (isWaiting(caseRun) ? options.jobSeconds : 0);
  const ended = new AbortController();
  const deadline = AbortSignal.timeout(seconds * 1000);
  const signal = AbortSignal.any([ended.signal, deadline, total]);
  const aborted = Promise.withResolvers<never>();
  // Between two steps nothing waits for it.
  aborted.promise.catch(() => {});
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
  const scope = new Map<string, unknown>([...values, ['unique', randomUUID()]]);
  const awaitMilestone = (milestone: Milestone) => milestones.arrive(milestone, caseRun);
  const runner = new StepRunner({ transport, endpoints, token, operations, scope, signal, awaitMilestone });
  let number = 0;
  try {
    for (const step of caseRun.case.steps) {
      number += 1;
      await Promise.race([runner.run(step), aborted.promise]);
    }
    return { caseRun, state: 'passed', reason: '' };
  } catch (error) {
    const late = total.aborted
      ? `The whole run took more than ${options.totalSeconds} s.`
      : `It took more than ${seconds} s.`;
    const reason = signal.aborted ? late : messageOf(error);
    return { caseRun, state: 'failed', reason: `Step ${number}: ${reason}` };
  } finally {
    milestones.leave(caseRun);
    ended.abort();
    await runner[Symbol.asyncDispose]();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
