import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/process/clocks.ts';

/** The system's clock, which can be put forward. */
export class ShiftedClock implements Clock {
  #aheadMs = 0;

  readonly now = () => systemClock.now() + this.#aheadMs;

  readonly sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms, signal);

  putForward(ms: number): void {
    this.#aheadMs += ms;
  }
}
