import type { Milestone } from '../reading/case.ts';
import type { Scope } from '../reading/values.ts';
import { Barrier } from './barrier.ts';
import { milestonesOf, type CaseRun } from './plan.ts';
import type { SharedJob, SharedJobs } from './shared-jobs.ts';

/** Never ends in the sandbox, before its deadline. */
const UNFINISHED = { prompt: 'A cat waits [sandbox:endless]', idempotencyKey: undefined };

/** The milestones of one run. Each happens once, and only if a case run waits for it. */
export class Milestones {
  readonly #input: object;
  readonly #jobs: Readonly<Record<Exclude<Milestone, 'stop of the gateway'>, Barrier<SharedJob>>>;
  readonly #stop: Barrier<void>;

  /** @param caseRuns those that are not skipped */
  constructor(caseRuns: readonly CaseRun[], jobs: SharedJobs, stopGateway: () => Promise<void>) {
    const waitingFor = (milestone: Milestone) =>
      caseRuns.filter((caseRun) => milestonesOf(caseRun).includes(milestone));
    const { input } = jobs;
    this.#input = input;
    // The job is created when all case runs are ready to see its first state.
    const job = new Barrier(waitingFor('job'), () => jobs.create(input));
    this.#jobs = {
      job,
      'finished job': new Barrier([], async () => jobs.finish(await job.arrive(this))),
      'unfinished job': new Barrier([], () => jobs.create({ ...input, ...UNFINISHED })),
    };
    this.#stop = new Barrier(waitingFor('stop of the gateway'), stopGateway);
  }

  /** @returns the values that the milestone adds to the scope of a case run */
  async arrive(milestone: Milestone, caseRun: CaseRun): Promise<Scope> {
    if (milestone === 'stop of the gateway') {
      await this.#stop.arrive(caseRun);
      return new Map();
    }
    const job = await this.#jobs[milestone].arrive(caseRun);
    return new Map<string, unknown>([
      ['job', job],
      ['jobInput', this.#input],
    ]);
  }

  /** The case run is over: it waits for no milestone any more. */
  leave(caseRun: CaseRun): void {
    for (const barrier of [...Object.values(this.#jobs), this.#stop]) barrier.leave(caseRun);
  }
}
