import { randomUUID } from 'node:crypto';
import type { Moment, Need } from '../reading/case.ts';
import type { Scope } from '../reading/values.ts';
import type { Transport } from '../transports/transport.ts';
import { Moments } from './moments.ts';
import { momentsOf, type Play } from './plan.ts';
import { SharedJobs } from './shared-jobs.ts';
import { StepPlayer } from './steps.ts';

/** Plays in progress at once, beside those that wait for the same moment. */
const MAX_PLAYS = 8;
/** Seconds of a play that waits for no job. */
const PLAY_SECONDS = 20;
/** Cases with this need are played last: they end the gateway. */
const LAST: Need = 'control of the process';

/** What a run plays against. */
export interface RunOptions {
  readonly plays: readonly Play[];
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

/** The outcome of one play. */
export interface Outcome {
  readonly play: Play;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped; empty when it passed. */
  readonly reason: string;
}

/** Plays all cases. @param onOutcome called for each play as soon as it has an outcome */
export async function run(
  options: RunOptions,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<readonly Outcome[]> {
  const { plays, endpoints, token, operations, totalSeconds, stopGateway } = options;
  const total = AbortSignal.timeout(totalSeconds * 1000);
  const played = plays.filter(({ transport }) => transport !== null);
  const jobs = new SharedJobs({ url: endpoints.gateway, token, signal: total }, operations);
  const moments = new Moments(played, jobs, stopGateway ?? refuseToStop);
  const outcomes = new Map<Play, Outcome>();
  const settle = (outcome: Outcome) => {
    outcomes.set(outcome.play, outcome);
    onOutcome(outcome);
  };
  const playOne = async (play: Play) => settle(await playCase(play, options, moments, total));
  for (const play of plays) {
    if (play.skipped !== null) settle({ play, state: 'skipped', reason: play.skipped });
  }
  const first = played.filter((play) => !isLast(play));
  const independent = first.filter((play) => !isWaiting(play)).values();
  const playInTurn = async () => {
    for (const play of independent) await playOne(play);
  };
  await Promise.all([
    ...first.filter(isWaiting).map(playOne),
    ...Array.from({ length: MAX_PLAYS }, playInTurn),
  ]);
  await Promise.all(played.filter(isLast).map(playOne));
  return plays.flatMap((play) => outcomes.get(play) ?? []);
}

function isLast({ case: { needs } }: Play): boolean {
  return needs.includes(LAST);
}

function isWaiting(play: Play): boolean {
  return momentsOf(play).length > 0;
}

async function refuseToStop(): Promise<void> {
  throw new Error('This run cannot stop the gateway.');
}

async function playCase(
  play: Play,
  options: RunOptions,
  moments: Moments,
  total: AbortSignal,
): Promise<Outcome> {
  const { transport } = play;
  if (transport === null) throw new Error('A skipped case is not played.');
  const { endpoints, token, operations, values = new Map() } = options;
  const seconds = PLAY_SECONDS + (isWaiting(play) ? options.jobSeconds : 0);
  const ended = new AbortController();
  const deadline = AbortSignal.timeout(seconds * 1000);
  const signal = AbortSignal.any([ended.signal, deadline, total]);
  const aborted = Promise.withResolvers<never>();
  // Between two steps nothing waits for it.
  aborted.promise.catch(() => {});
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
  const scope = new Map<string, unknown>([...values, ['unique', randomUUID()]]);
  const awaitMoment = (moment: Moment) => moments.arrive(moment, play);
  const player = new StepPlayer({ transport, endpoints, token, operations, scope, signal, awaitMoment });
  let number = 0;
  try {
    for (const step of play.case.steps) {
      number += 1;
      await Promise.race([player.play(step), aborted.promise]);
    }
    return { play, state: 'passed', reason: '' };
  } catch (error) {
    const late = total.aborted
      ? `The whole run took more than ${options.totalSeconds} s.`
      : `It took more than ${seconds} s.`;
    const reason = signal.aborted ? late : messageOf(error);
    return { play, state: 'failed', reason: `Step ${number}: ${reason}` };
  } finally {
    moments.leave(play);
    ended.abort();
    await player[Symbol.asyncDispose]();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
