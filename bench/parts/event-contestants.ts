import { V8_FLAGS } from '../../src/process/v8-flags.ts';
import { FIRST_VERSION } from '../sample.ts';
import { BenchProcess } from '../measure/process.ts';
import { startReelgate, startReelgateOnRedis } from '../reelgate/gateway.ts';
import { runningJob } from '../reelgate/jobs.ts';

/** Who sends events. */
export interface EventContestant {
  readonly name: string;
  readonly kind: 'bare' | 'reelgate' | 'peer';
  /** Whether its events come from another process, by way of Redis. */
  readonly overRedis: boolean;
  /** Starts the server. */
  readonly start: () => Promise<BenchProcess>;
  /** Starts what makes the events, when that is not the server. */
  readonly startPublisher: () => Promise<BenchProcess | null>;
}

/** How many jobs there are to watch, in all shapes together. */
const JOBS = 1221;

/**
 * Everybody, on one Redis; on another one Reelgate with jobs whose versions are saved, and not only announced.
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
    overRedis('Reelgate over Redis', redisUrl, 'announce'),
    redisPeer('Yoga over its Redis event target', 'peers/yoga-redis.ts'),
    redisPeer('graphql-redis-subscriptions', 'peers/graphql-redis-subscriptions.ts'),
    // A row without an aim, as the peers save nothing.
    overRedis('Reelgate over Redis, each version saved', savesUrl, 'save'),
  ];
}

function overRedis(name: string, url: string, how: 'announce' | 'save'): EventContestant {
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
