/** Makes a server's events. Imports nothing but Node, for the peers' sake. */

/** Publishes the version of a job. */
type Publish = (job: number, version: number) => unknown;

/** As many events of each job as fast as they go. */
export interface BurstInput {
  readonly firstJob: number;
  readonly jobs: number;
  readonly rounds: number;
  /** The version before the first one. */
  readonly base: number;
}

/** Events one by one, of one job after the other. */
export interface PacedInput {
  readonly firstJob: number;
  readonly jobs: number;
  readonly events: number;
  readonly gapMs: number;
  readonly base: number;
}

/**
 * The commands that make events.
 *
 * @param publish when it gives a promise, the next version of a job waits for it
 */
export function eventCommands(publish: Publish) {
  return {
    /** Each version of a job gets a turn of the event loop to itself, as in life, where they are seconds apart. */
    burst: async ({ firstJob, jobs, rounds, base }: BurstInput) => {
      for (let round = 1; round <= rounds; round += 1) {
        const published: unknown[] = [];
        for (let job = 0; job < jobs; job += 1) published.push(publish(firstJob + job, base + round));
        await Promise.all(published);
        await nextTurn();
      }
    },
    /** @returns when each event was published, in microseconds of the system's monotonic clock */
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
