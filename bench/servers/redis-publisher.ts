/**
 * A process that publishes new versions of jobs to the channels that Yoga's Redis event target and
 * graphql-redis-subscriptions listen on. Usage: redis-publisher.ts <url>
 */
import { Redis } from 'ioredis';
import { jobIdOf, runningState } from '../sample.ts';
import { obey, ready } from './control.ts';
import { eventCommands } from './event-source.ts';

/** Messages of one turn are sent together, so that the cost of wake-ups does not dominate. */
const client = new Redis(process.argv[2] ?? '', { enableAutoPipelining: true });

obey(
  eventCommands((job, version) =>
    client.publish(`job:${jobIdOf(job)}`, JSON.stringify({ videoJobUpdated: runningState(job, version) })),
  ),
);
ready();
