import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { keys } from '../../../src/store/redis/keys.ts';
import type { Cause } from '../cause.ts';
import { waitFor } from '../wait-for.ts';

/** Longer than a lease: `SEGMIND_TIMEOUT_MS` and 30 s. */
const FREEZE_MS = 38_000;
/** A step of the clock that takes minutes to catch up. */
const CLOCK_STEP_MS = 20_000;
/** Files that a process may open beyond those that are open. */
const SPARE_FILES = 12;
const MANY_FILES = 4096;
const MAX_FILL_MS = 30_000;
const LOOK_MS = 5;
/** Their lines of the log take more than may wait for a reader. */
const REQUESTS = 12_000;
const PARALLEL = 60;

/** Faults of the gateway's processes and of their machine. */
export const PROCESS_CAUSES: readonly Cause[] = [
  {
    fault: 'a gateway process dies',
    on: 'api',
    // The new process has no sockets until its clients are back, which can be sooner than Prometheus reads it.
    begin: async ({ api, watcher }, untilSeen) => {
      watcher.hold();
      await api.end('SIGKILL');
      await untilSeen('up');
      await api.start();
      return async () => watcher.release();
    },
  },
  {
    fault: 'a poller freezes and continues later',
    on: 'poller-1',
    // The submissions are in progress for two seconds, so the poller has some when it freezes.
    begin: async ({ pollers, load, toApi, redis }) => {
      const ids = await Promise.all(
        Array.from({ length: 8 }, () => load.submit(toApi, 'a cat jumps [sandbox:no-answer]')),
      );
      await waitFor('jobs are being submitted', async () => {
        const phases = await Promise.all(ids.map((id) => redis[0].run('HGET', keys.job(id), 'phase')));
        return phases.filter((phase) => phase === '"submitting"').length >= 6;
      });
      pollers[0].signal('SIGSTOP');
      return async () => pollers[0].signal('SIGCONT');
    },
    maxMs: FREEZE_MS,
    isFixed: true,
  },
  {
    fault: "the machine's clock is set",
    on: 'embedded',
    begin: async ({ embedded, clockFile }) => {
      const set = (ms: number) => {
        writeFileSync(clockFile, String(ms));
        embedded.signal('SIGUSR2');
      };
      set(CLOCK_STEP_MS);
      return async () => set(0);
    },
  },
  {
    fault: 'the log cannot be written',
    on: 'api',
    begin: async ({ api }) => {
      api.pauseLog();
      let left = REQUESTS;
      const ask = async () => {
        while (left-- > 0) await (await fetch(`${api.url}/healthz`)).text();
      };
      await Promise.all(Array.from({ length: PARALLEL }, ask));
      return async () => api.resumeLog();
    },
    maxMs: 0,
  },
  {
    fault: 'the process has too many open files',
    on: 'embedded',
    begin: async ({ embedded, upstream, load, toEmbedded }) => {
      const openFiles = () => readdirSync(`/proc/${embedded.pid}/fd`).length;
      const setLimit = (files: number) =>
        execFileSync('prlimit', ['--pid', String(embedded.pid), `--nofile=${files}:`]);
      const { hostname, port } = new URL(embedded.url);
      const sockets: Socket[] = [];
      const limit = openFiles() + SPARE_FILES;
      setLimit(limit);
      const fill = () =>
        waitFor(
          'all files are open',
          async () => {
            const free = limit - openFiles();
            if (free <= 0) return true;
            // All at once: a call of the gateway would take a file that is still free.
            const added = Array.from({ length: free }, () => connect(Number(port), hostname));
            sockets.push(...added.map((socket) => socket.on('error', () => {})));
            await Promise.all(added.map((socket) => once(socket, 'connect')));
            return false;
          },
          MAX_FILL_MS,
          LOOK_MS,
        );
      await fill();
      // Calls need new connections, and clients are faster.
      upstream.cut();
      await fill();
      await load.submitMany(toEmbedded, 2, 'a cat jumps');
      return async () => {
        setLimit(MANY_FILES);
        for (const socket of sockets) socket.destroy();
      };
    },
  },
  {
    fault: 'the data folder, the port, the host or the file of a setting cannot be used',
    on: 'embedded',
    begin: async ({ embedded, api }) => {
      await embedded.end('SIGTERM');
      await embedded.startInVain({ PORT: new URL(api.url).port });
      return () => embedded.start();
    },
  },
];
