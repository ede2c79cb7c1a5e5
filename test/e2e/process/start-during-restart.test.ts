import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startApp } from '../../../src/app.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { SteadyClock } from '../../../src/process/clocks.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { overrideStore } from '../../support/override-store.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

it('a gateway whose Redis restarts while it starts waits for it', async () => {
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await RedisServer.start());
  const folder = resources.use(tempFolder());
  const config = parseConfig({
    PORT: '0',
    REDIS_URL: server.url,
    DATA_DIR: folder.path,
    ARCHIVE: 'folder',
    SEGMIND_BASE_URL: 'https://upstream.example.com',
    SEGMIND_HISTORY_URL: 'off',
  });
  const failed: string[] = [];
  /** Fails the first call of each part, as a lost connection does. */
  const failOnce = async (part: string): Promise<void> => {
    if (failed.includes(part)) return;
    failed.push(part);
    throw new StoreUnavailableError('The connection was lost.');
  };
  const app = resources.use(
    await startApp(config, pino({ level: 'silent' }), new AbortController().signal, {
      clock: new SteadyClock(),
      wrapStorage: (storage) => ({
        ...storage,
        store: overrideStore(storage.store, {
          subscribe: async (topic, listener) => {
            await failOnce('subscription');
            return storage.store.subscribe(topic, listener);
          },
        }),
        videoUrlSecret: {
          read: async () => {
            await failOnce('secret');
            return storage.videoUrlSecret.read();
          },
          replace: (before, after) => storage.videoUrlSecret.replace(before, after),
        },
      }),
    }),
  );
  expect(failed).toEqual(['secret', 'subscription']);
  expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
});
