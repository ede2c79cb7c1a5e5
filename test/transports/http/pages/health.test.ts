import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { http } from '../../../support/gateway/http.ts';
import { overrideStore } from '../../../support/override-store.ts';

describe('/healthz', () => {
  it('is 200 while the process lives, even without the store', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { health: () => Promise.reject(new Error('secret')) }),
    });
    const { status, text, headers } = await http(`${gateway.url}/healthz`);
    expect([status, text, headers.get('cache-control')]).toEqual([200, '{"status":"ok"}', 'no-store']);
  });
});

describe('/readyz', () => {
  it('is 200 while the store answers', async () => {
    await using gateway = await startGateway();
    const { status, text } = await http(`${gateway.url}/readyz?a=b`);
    expect([status, text]).toEqual([200, '{"status":"ready"}']);
  });

  it('reports the number of quarantined records with ?verbose', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { health: async () => ({ quarantined: 3 }) }),
    });
    const { status, text } = await http(`${gateway.url}/readyz?verbose`);
    expect([status, text]).toEqual([200, '{"status":"ready","quarantinedRecords":3}']);
  });

  it.each([new StoreUnavailableError('secret'), new Error('secret')])(
    'is 503 while the store fails',
    async (failure) => {
      await using gateway = await startGateway({
        wrapStore: (store) => overrideStore(store, { health: () => Promise.reject(failure) }),
      });
      const { status, text } = await http(`${gateway.url}/readyz`);
      expect([status, text]).toEqual([503, '{"status":"store unavailable"}']);
    },
  );

  it('is 503 after two seconds when the store never answers', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) => overrideStore(store, { health: () => new Promise(() => {}) }),
    });
    const start = performance.now();
    const { status } = await http(`${gateway.url}/readyz`);
    expect(status).toBe(503);
    expect(performance.now() - start).toBeGreaterThan(1900);
  });

  it('is ready again when the store is back', async () => {
    let broken = true;
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          health: () => (broken ? Promise.reject(new Error('secret')) : store.health()),
        }),
    });
    expect((await http(`${gateway.url}/readyz`)).status).toBe(503);
    broken = false;
    expect((await http(`${gateway.url}/readyz`)).status).toBe(200);
  });
});
