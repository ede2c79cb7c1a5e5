/** Yoga and graphql-ws, with Yoga's event target for Redis. Usage: yoga-redis.ts <url> */
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import { createPubSub, createSchema } from 'graphql-yoga';
import { Redis } from 'ioredis';
import type { JobState } from '../sample.ts';
import { obey } from '../servers/control.ts';
import { queryResolvers, typeDefs } from './schema.ts';
import { serveYoga } from './yoga-ws-server.ts';

const url = process.argv[2] ?? '';
const pubsub = createPubSub<{ job: [id: string, payload: { videoJobUpdated: JobState }] }>({
  eventTarget: createRedisEventTarget({ publishClient: new Redis(url), subscribeClient: new Redis(url) }),
});
const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: queryResolvers,
    Subscription: {
      videoJobUpdated: {
        subscribe: (_: unknown, { id }: { id: string }) => pubsub.subscribe('job', id),
      },
    },
  },
});
obey({});
serveYoga(schema);
