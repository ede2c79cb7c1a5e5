/** How long to measure. */
export interface Effort {
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** How many sockets the idle part opens. */
  readonly idleSockets: number;
  /** How many jobs the poller has under way. */
  readonly pollerJobs: number;
}

/** For figures that mean something. */
export const FULL: Effort = { rounds: 5, seconds: 1.5, idleSockets: 10_000, pollerJobs: 100_000 };
/** To see that it runs. */
export const QUICK: Effort = { rounds: 1, seconds: 0.5, idleSockets: 1000, pollerJobs: 5000 };
