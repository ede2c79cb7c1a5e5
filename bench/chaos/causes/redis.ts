import { keys } from '../../../src/store/redis/keys.ts';
import type { Cause } from '../cause.ts';
import { NO_FAILOVER_MS } from '../stage.ts';
import { waitFor } from '../wait-for.ts';
import { Watcher } from '../watcher.ts';

const FAILOVER_AFTER_MS = 500;
const PAUSE_MS = 30_000;

/** Faults of Redis. The failover is the last one, because it makes the other server the primary. */
export const REDIS_CAUSES: readonly Cause[] = [
  {
    fault: 'Redis, or the subscriber connection to it, is away',
    on: 'api|poller-.',
    begin: async ({ redis }) => {
      await redis[0].kill();
      return () => redis[0].restart();
    },
  },
  {
    fault: 'Redis restarts',
    on: 'api|poller-.',
    begin: async ({ redis }) => {
      await redis[0].kill();
      await redis[0].restart();
      return async () => {};
    },
  },
  {
    fault: 'the subscriber connection is half open',
    on: 'api',
    begin: async ({ wire }) => {
      wire.freezeLinks();
      return async () => {};
    },
  },
  {
    fault: 'Redis is full',
    on: 'api|poller-.',
    begin: async ({ redis }) => {
      await redis[0].run('CONFIG', 'SET', 'maxmemory', '1');
      return async () => {
        await redis[0].run('CONFIG', 'SET', 'maxmemory', '0');
      };
    },
  },
  {
    fault: 'Redis refuses the gateway',
    on: 'poller-.',
    // One poller does not start with TLS, the other one loses its connection while the password is set.
    begin: async ({ admin, redis, pollers }) => {
      const [server] = redis;
      await admin.call('CONFIG', 'SET', 'requirepass', 'another');
      await pollers[0].end('SIGTERM');
      await pollers[0].startInVain({
        REDIS_URL: `rediss://127.0.0.1:${server.port}`,
        REDIS_SENTINELS: '',
      });
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      return async () => {
        await admin.call('CONFIG', 'SET', 'requirepass', '');
        await pollers[0].start();
      };
    },
  },
  {
    fault: 'Redis was emptied, or has lost its last writes',
    on: 'api|poller-.',
    begin: async ({ redis, load, toApi }) => {
      const id = await load.submit(toApi, 'a cat jumps [sandbox:no-answer]');
      load.spoiled.add(id);
      const seen = Promise.withResolvers<void>();
      const watcher = new Watcher(toApi, id, seen.resolve);
      await seen.promise;
      await waitFor('the job is being submitted', async () => {
        return (await redis[0].run('HGET', keys.job(id), 'phase')) === '"submitting"';
      });
      await redis[0].run('DEL', keys.job(id));
      return () => watcher[Symbol.asyncDispose]();
    },
  },
  {
    fault: 'a stored record cannot be read',
    on: 'poller-.',
    begin: async ({ redis, load, toApi }) => {
      const id = await load.submit(toApi, 'a cat jumps [sandbox:endless]');
      load.spoiled.add(id);
      // The record of a job that is being submitted is soon written again.
      await waitFor('the job is at the upstream', async () => {
        return (await redis[0].run('HGET', keys.job(id), 'phase')) === '"processing"';
      });
      await redis[0].run('HSET', keys.job(id), 'request', '{"prompt":');
      return async () => {};
    },
  },
  {
    fault: 'Redis became a replica',
    on: 'api|poller-.',
    // Replication is asynchronous, so a job of the last moment could be lost. Writes wait until the replica has all of them.
    begin: async ({ redis, admin, setFailover, wire }) => {
      const [primary, replica] = redis;
      await admin.call('CLIENT', 'PAUSE', String(PAUSE_MS), 'WRITE');
      await waitFor('the replica has all writes', async () => {
        const [, sent] =
          /master_repl_offset:(\d+)/.exec(String(await admin.call('INFO', 'replication'))) ?? [];
        const [, got] =
          /slave_repl_offset:(\d+)/.exec(String(await replica.run('INFO', 'replication'))) ?? [];
        return sent !== undefined && sent === got;
      });
      await setFailover(FAILOVER_AFTER_MS);
      await primary.kill();
      await waitFor('the replica is promoted', async () => {
        return String(await replica.run('INFO', 'replication')).includes('role:master');
      });
      // A busy machine must not cause another failover.
      await setFailover(NO_FAILOVER_MS);
      wire.pointTo(replica.port);
      return () => primary.restart();
    },
  },
];
