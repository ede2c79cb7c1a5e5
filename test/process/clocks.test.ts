import { describe, expect, it } from 'vitest';
import { SteadyClock, type TimeSources } from '../../src/process/clocks.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../support/times.ts';

/** A machine whose clock can be set, and that can be suspended. */
class Machine implements TimeSources {
  #monotonic = 1000;
  #uptime = 5000;
  #wall = NOON;
  readonly monotonicMs = () => this.#monotonic;
  readonly uptimeMs = () => this.#uptime;
  readonly wallMs = () => this.#wall;

  run(ms: number): void {
    this.#monotonic += ms;
    this.#uptime += ms;
    this.#wall += ms;
  }

  set(byMs: number): void {
    this.#wall += byMs;
  }

  suspend(ms: number): void {
    this.#uptime += ms;
    this.#wall += ms;
  }
}

describe('the steady clock', () => {
  it('shows the machine’s time while that is not set', () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine);
    expect(clock.now()).toBe(NOON);
    for (let second = 0; second < 100; second += 1) {
      machine.run(SECOND);
      expect(clock.now()).toBe(machine.wallMs());
    }
  });

  it.each([
    ['four minutes back', -4 * MINUTE],
    ['an hour back', -HOUR],
    ['45 seconds ahead', 45 * SECOND],
    ['a day ahead', DAY],
  ])('does not jump when the machine’s clock is set %s, and approaches it by a twentieth', (_, step) => {
    const machine = new Machine();
    const clock = new SteadyClock(machine);
    machine.set(step);
    expect(clock.now()).toBe(NOON);
    for (let second = 0; second < 60; second += 1) {
      const before = clock.now();
      machine.run(SECOND);
      const passed = clock.now() - before;
      expect(passed).toBeGreaterThanOrEqual(0.95 * SECOND - 1);
      expect(passed).toBeLessThanOrEqual(1.05 * SECOND + 1);
    }
    const wrongBy = machine.wallMs() - clock.now();
    expect(Math.abs(wrongBy)).toBeLessThan(Math.abs(step));
    machine.run(21 * Math.abs(step));
    expect(clock.now()).toBe(machine.wallMs());
  });

  it('skips the time in which the machine was suspended', () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine);
    machine.run(10 * SECOND);
    clock.now();
    machine.suspend(8 * HOUR);
    machine.run(2 * SECOND);
    expect(clock.now()).toBe(machine.wallMs());
  });

  it('jumps once to the clock that it follows, and not when that clock is set', () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine);
    let other = NOON + 2 * MINUTE;
    clock.follow(() => other);
    expect(clock.now()).toBe(NOON + 2 * MINUTE);
    machine.run(SECOND);
    other += SECOND - HOUR;
    expect(clock.now()).toBe(NOON + 2 * MINUTE + 0.95 * SECOND);
  });
});
