import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../process/clocks.ts';
import { gatewayVersion } from '../process/version.ts';
import { InstanceHeartbeat, type Instances } from '../store/instances.ts';

/** Announces this process to the operators, until it is disposed. */
export function announceInstance(
  { role }: Pick<Config, 'role'>,
  instances: Instances,
  clock: Pick<Clock, 'now'>,
): InstanceHeartbeat {
  return new InstanceHeartbeat({
    instances,
    instance: {
      id: randomUUID(),
      role,
      version: gatewayVersion(),
      hostName: hostname(),
      startedAt: clock.now(),
    },
    now: () => clock.now(),
    // The clock of the jobs follows Redis, and the pauses must not.
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  });
}
