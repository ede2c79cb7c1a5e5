import type { Moment } from '../reading/case.ts';
import type { Scope } from '../reading/values.ts';
import { Barrier } from './barrier.ts';
import { momentsOf, type Play } from './plan.ts';
import type { SharedJob, SharedJobs } from './shared-jobs.ts';

/** Never ends in the sandbox, before its deadline. */
const UNFINISHED = { prompt: 'A cat waits [sandbox:endless]', idempotencyKey: undefined };

/** The moments of one run. Each happens once, and only if a play waits for it. */
export class Moments {
  readonly #input: object;
  readonly #jobs: Readonly<Record<Exclude<Moment, 'stop of the gateway'>, Barrier<SharedJob>>>;
  readonly #stop: Barrier<void>;

  /** @param plays those that are not skipped */
  constructor(plays: readonly Play[], jobs: SharedJobs, stopGateway: () => Promise<void>) {
    const waitingFor = (moment: Moment) => plays.filter((play) => momentsOf(play).includes(moment));
    const { input } = jobs;
    this.#input = input;
    // The job is created when all plays are ready to see its first state.
    const job = new Barrier(waitingFor('job'), () => jobs.create(input));
    this.#jobs = {
      job,
      'finished job': new Barrier([], async () => jobs.finish(await job.arrive(this))),
      'unfinished job': new Barrier([], () => jobs.create({ ...input, ...UNFINISHED })),
    };
    this.#stop = new Barrier(waitingFor('stop of the gateway'), stopGateway);
  }

  /** @returns the values that the moment adds to the scope of a play */
  async arrive(moment: Moment, play: Play): Promise<Scope> {
    if (moment === 'stop of the gateway') {
      await this.#stop.arrive(play);
      return new Map();
    }
    const job = await this.#jobs[moment].arrive(play);
    return new Map<string, unknown>([
      ['job', job],
      ['jobInput', this.#input],
    ]);
  }

  /** The play is over: it waits for no moment any more. */
  leave(play: Play): void {
    for (const barrier of [...Object.values(this.#jobs), this.#stop]) barrier.leave(play);
  }
}
