/** graphql-ws and graphql-js, with the PubSub of graphql-subscriptions. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { PubSub } from 'graphql-subscriptions';
import { jobIdOf, runningState } from '../sample.ts';
import { obey } from '../servers/control.ts';
import { eventCommands } from '../servers/event-source.ts';
import { serveGraphqlWs } from './graphql-ws-server.ts';
import { queryResolvers, typeDefs } from './schema.ts';
import { subscribers } from './subscribers.ts';

const pubsub = new PubSub();
const schema = makeExecutableSchema({
  typeDefs,
  resolvers: {
    Query: queryResolvers,
    Subscription: {
      videoJobUpdated: {
        subscribe: (_: unknown, { id }: { id: string }) => {
          subscribers.add();
          return pubsub.asyncIterableIterator(`job:${id}`);
        },
      },
    },
  },
});
obey({
  ...eventCommands((job, version) => {
    void pubsub.publish(`job:${jobIdOf(job)}`, { videoJobUpdated: runningState(job, version) });
  }),
  subscribed: subscribers.count,
});
serveGraphqlWs(schema);
