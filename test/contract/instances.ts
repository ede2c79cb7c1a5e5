import { expect, it } from 'vitest';
import { type Instance, InstanceHeartbeat, type Instances } from '../../src/store/instances.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { NOON, SECOND } from '../support/times.ts';
import { until } from '../support/until.ts';

/** A process that was started some seconds after noon. */
export function instanceOf(id: string, seconds = 0): Instance {
  return { id, role: 'all', version: '1.2.3', hostName: 'host', startedAt: NOON + seconds * SECOND };
}

/** Starts a heartbeat by a clock that tests move. */
function startHeartbeat(instances: Instances, instance: Instance) {
  const clock = new FakeClock();
  const heartbeat = new InstanceHeartbeat({
    instances,
    instance,
    now: clock.now,
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
  return { clock, heartbeat };
}

/** Cases of `InstanceHeartbeat` on a port. */
export function heartbeatCases(open: () => Promise<Instances>): void {
  it('lists a process from its start until it is disposed, as long as it runs', async () => {
    const instances = await open();
    const instance = instanceOf('one');
    const { clock, heartbeat } = startHeartbeat(instances, instance);
    await until(() => clock.sleeping, 1);
    for (let seconds = 0; seconds <= 60; seconds += 10) {
      expect(await instances.list(clock.now())).toEqual([instance]);
      await clock.advance(10 * SECOND);
      await until(() => clock.sleeping, 1);
    }
    await heartbeat[Symbol.asyncDispose]();
    expect(await instances.list(clock.now())).toEqual([]);
  });

  it('continues after the store was unavailable, and can be disposed meanwhile', async () => {
    const instances = await open();
    const instance = instanceOf('one');
    let isAvailable = false;
    const flaky: Instances = {
      announce: async (...given) => {
        if (!isAvailable) throw new StoreUnavailableError('It is away.');
        await instances.announce(...given);
      },
      withdraw: async () => {
        throw new StoreUnavailableError('It is away.');
      },
      list: (now) => instances.list(now),
    };
    const { clock, heartbeat } = startHeartbeat(flaky, instance);
    await until(() => clock.sleeping, 1);
    expect(await instances.list(clock.now())).toEqual([]);
    isAvailable = true;
    await clock.advance(10 * SECOND);
    await until(() => clock.sleeping, 1);
    expect(await instances.list(clock.now())).toEqual([instance]);
    await heartbeat[Symbol.asyncDispose]();
  });
}
