/** graphql-redis-subscriptions behind graphql-ws and graphql-js. Usage: graphql-redis-subscriptions.ts <url> */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';
import { obey } from '../servers/control.ts';
import { serveGraphqlWs } from './graphql-ws-server.ts';
import { queryResolvers, typeDefs } from './schema.ts';

const url = process.argv[2] ?? '';
const pubsub = new RedisPubSub({ publisher: new Redis(url), subscriber: new Redis(url) });
const schema = makeExecutableSchema({
  typeDefs,
  resolvers: {
    Query: queryResolvers,
    Subscription: {
      videoJobUpdated: {
        subscribe: (_: unknown, { id }: { id: string }) => pubsub.asyncIterator(`job:${id}`),
      },
    },
  },
});
obey({});
serveGraphqlWs(schema);
