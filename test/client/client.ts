import { createReelgate, type Reelgate, type ReelgateOptions, type VideoJob } from '@reelgate/client';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { overrideStore } from '../support/override-store.ts';

/** A client that is closed with the test. */
export interface TestClient extends Reelgate, Disposable {}

/** A client of the gateway at a port of this machine. */
export function clientOf(port: number, options: Partial<ReelgateOptions> = {}): TestClient {
  const client = createReelgate({ url: `http://127.0.0.1:${port}/graphql`, ...options });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** A gateway whose store fails once, at the first reading of a job. `reads` counts the readings. */
export async function startWithOneFailure(): Promise<{
  readonly gateway: Gateway;
  readonly reads: () => number;
}> {
  let reads = 0;
  const gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        getMany: async (ids) => {
          reads += 1;
          if (reads === 1) throw new Error('away');
          return store.getMany(ids);
        },
      }),
  });
  return { gateway, reads: () => reads };
}

/** A stored job and a function that moves it. */
export async function acceptedJob(gateway: Gateway, change: Parameters<JobMover['accept']>[0] = {}) {
  const mover = new JobMover(gateway);
  const { id } = await mover.accept(change);
  return {
    id,
    move: (...observations: Parameters<JobMover['move']>[1][]) => mover.move(id, ...observations),
  };
}

/** Reads the versions of a job one by one. */
export function versionsOf(updates: AsyncIterable<VideoJob>): () => Promise<number | 'end'> {
  const iterator = updates[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await iterator.next();
    return done === true ? 'end' : value.version;
  };
}

/** The last version before the end. */
export async function lastOf(next: () => Promise<number | 'end'>): Promise<number | null> {
  let last: number | null = null;
  for (let version = await next(); version !== 'end'; version = await next()) last = version;
  return last;
}

/** Resolves after the next new connection. */
export function reconnected({ connection }: Reelgate): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignore = connection.onChange(() => {
    if (connection.state === 'connected') resolve();
  });
  return promise.finally(ignore);
}
