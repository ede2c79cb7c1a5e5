import { describe } from 'vitest';
import { keys } from '../../../src/store/redis/keys.ts';
import { RedisDeliveries } from '../../../src/store/redis/redis-deliveries.ts';
import { RedisFileTasks } from '../../../src/store/redis/redis-file-tasks.ts';
import { deliveryCases } from '../../contract/job-store-cases/deliveries.ts';
import { fileTaskCases } from '../../contract/job-store-cases/file-tasks.ts';
import { removalCases, removalLimitCases } from '../../contract/job-store-cases/removal.ts';
import { startBeforeCases } from '../../contract/job-store-cases/start-before.ts';
import { describeJobStore } from '../../contract/job-store.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { DAY } from '../../support/times.ts';
import { addFileTasks } from './add-file-tasks.ts';
import type { openContract } from './open-contract.ts';

/** Runs the contracts of jobs, file tasks and webhook deliveries on an empty Redis. */
export function describeContract(
  name: string,
  open: (clock: FakeClock) => ReturnType<typeof openContract>,
): void {
  describeJobStore(name, open);

  describe(`${name} keeps the promises of JobStore about removed jobs`, () => {
    removalCases(open);
    removalLimitCases(open);
  });

  describe(`${name} keeps the promises of JobStore about startBefore`, () => {
    startBeforeCases(open);
  });

  describe(`${name} has file tasks that`, () => {
    fileTaskCases(async (clock) => {
      const opened = await open(clock);
      const { client, quarantine } = opened.store;
      const fileTasks = new RedisFileTasks(client, quarantine);
      return { ...opened, fileTasks, addTasks: (ids, runAt) => addFileTasks(client, ids, runAt) };
    });
  });

  describe(`${name} has webhook deliveries that`, () => {
    deliveryCases(async (clock) => {
      const opened = await open(clock);
      const { client, quarantine } = opened.store;
      return {
        ...opened,
        deliveries: new RedisDeliveries({ client, quarantine, retentionMs: 7 * DAY }),
        spoilJob: async ({ jobId }) => {
          const key = keys.deliveries(jobId);
          const job = await client.hgetBuffer(key, '@job');
          await client.hset(key, '@job', 'spoiled');
          return async () => void (await client.hset(key, '@job', job ?? ''));
        },
      };
    });
  });
}
