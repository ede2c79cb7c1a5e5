import { V8_FLAGS } from '../../src/process/v8-flags.ts';
import { BenchProcess } from '../measure/process.ts';
import { startReelgate, startReelgateOnRedis } from '../reelgate/gateway.ts';
import { runningJob } from '../reelgate/jobs.ts';
import { FIRST_VERSION } from '../sample.ts';

/** A server in the comparison. */
export interface EventContestant {
  readonly name: string;
  readonly kind: 'bare' | 'reelgate' | 'peer';
  /** Whether another process publishes its events over Redis. */
  readonly overRedis: boolean;
  /** Starts the server. */
  readonly start: () => Promise<BenchProcess>;
  /** Starts the publisher; null when the server publishes itself. */
  readonly startPublisher: () => Promise<BenchProcess | null>;
}

/** Number of jobs of all shapes together. */
const JOBS = 1221;

/**
 * All contestants on one Redis, and on another one Reelgate with saved versions instead of published ones only.
 */
export function eventContestants(redisUrl: string, savesUrl: string): EventContestant[] {
  const redisPeer = (name: string, file: string): EventContestant => ({
    ...peer(name, file),
    overRedis: true,
    start: () => BenchProcess.start({ file, place: 'server', args: [redisUrl] }),
    startPublisher: () =>
      BenchProcess.start({ file: 'servers/redis-publisher.ts', place: 'load', args: [redisUrl] }),
  });
  return [
    {
      ...peer('bare ws, ready messages', ''),
      kind: 'bare',
      start: () => BenchProcess.start({ file: 'servers/bare-ws.ts', place: 'server', options: V8_FLAGS }),
    },
    {
      ...peer('Reelgate', ''),
      kind: 'reelgate',
      start: () => startReelgate(JOBS, (number) => runningJob(number, FIRST_VERSION)),
    },
    peer('graphql-ws + graphql-js', 'peers/graphql-ws.ts'),
    peer('Yoga + graphql-ws', 'peers/yoga-ws.ts'),
    peer('Mercurius', 'peers/mercurius.ts'),
    overRedis('Reelgate over Redis', redisUrl, 'publish'),
    redisPeer('Yoga over its Redis event target', 'peers/yoga-redis.ts'),
    redisPeer('graphql-redis-subscriptions', 'peers/graphql-redis-subscriptions.ts'),
    // No target: the peers do not save.
    overRedis('Reelgate over Redis, each version saved', savesUrl, 'save'),
  ];
}

function overRedis(name: string, url: string, how: 'publish' | 'save'): EventContestant {
  return {
    name,
    kind: 'reelgate',
    overRedis: true,
    start: () => startReelgateOnRedis(url),
    startPublisher: () =>
      BenchProcess.start({ file: 'reelgate/publisher.ts', place: 'load', args: [url, String(JOBS), how] }),
  };
}

function peer(name: string, file: string): EventContestant {
  return {
    name,
    kind: 'peer',
    overRedis: false,
    start: () => BenchProcess.start({ file, place: 'server' }),
    startPublisher: async () => null,
  };
}
