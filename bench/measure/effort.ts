export interface Effort {
  readonly rounds: number;
  /** Duration of one measurement. */
  readonly seconds: number;
  /** Number of sockets in the idle part. */
  readonly idleSockets: number;
  /** Number of unfinished jobs in the poller part. */
  readonly pollerJobs: number;
  /** Numbers of jobs in the history part, ascending. */
  readonly historyJobs: readonly number[];
}

/** For meaningful results. */
export const FULL: Effort = {
  rounds: 5,
  seconds: 1.5,
  idleSockets: 10_000,
  pollerJobs: 100_000,
  historyJobs: [1000, 100_000, 1_000_000],
};
/** To check that the benchmark works. */
export const QUICK: Effort = {
  rounds: 1,
  seconds: 0.5,
  idleSockets: 1000,
  pollerJobs: 5000,
  historyJobs: [1000, 20_000],
};
