/** The events of a server. Imports only Node, so that the peers can use it. */

/** Publishes the version of a job. */
type Publish = (job: number, version: number) => unknown;

/** `rounds` versions of each job, as fast as possible. */
export interface BurstInput {
  readonly firstJob: number;
  readonly jobs: number;
  readonly rounds: number;
  /** The version before the first one. */
  readonly base: number;
}

/** Single events at a fixed interval, one job after the other. */
export interface PacedInput {
  readonly firstJob: number;
  readonly jobs: number;
  readonly events: number;
  readonly gapMs: number;
  readonly base: number;
}

/**
 * The commands that publish events.
 *
 * @param publish when it returns a promise, the next version of the job waits for it
 */
export function eventCommands(publish: Publish) {
  return {
    /** Versions of a job are in different turns of the event loop: in production they are seconds apart. */
    burst: async ({ firstJob, jobs, rounds, base }: BurstInput) => {
      for (let round = 1; round <= rounds; round += 1) {
        const published: unknown[] = [];
        for (let job = 0; job < jobs; job += 1) published.push(publish(firstJob + job, base + round));
        await Promise.all(published);
        await nextTurn();
      }
    },
    /** @returns the time of each event, in microseconds of the system's monotonic clock */
    paced: async ({ firstJob, jobs, events, gapMs, base }: PacedInput) => {
      const times: number[] = [];
      const { promise, resolve } = Promise.withResolvers<number[]>();
      const timer = setInterval(() => {
        const event = times.length;
        if (event === events) {
          clearInterval(timer);
          return resolve(times);
        }
        times.push(microseconds());
        publish(firstJob + (event % jobs), base + 1 + Math.floor(event / jobs));
      }, gapMs);
      return promise;
    },
  };
}

/** The system's monotonic clock, the same in all processes. */
export function microseconds(): number {
  return Number(process.hrtime.bigint()) / 1000;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
