/** Mercurius with JIT, over HTTP and WebSocket, with its own emitter. */
import fastify from 'fastify';
import mercurius from 'mercurius';
import { jobIdOf, runningState } from '../sample.ts';
import { obey, ready } from '../servers/control.ts';
import { eventCommands } from '../servers/event-source.ts';
import { queryResolvers, typeDefs } from './schema.ts';
import { subscribers } from './subscribers.ts';

const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Query: queryResolvers,
    Subscription: {
      videoJobUpdated: {
        subscribe: (_: unknown, { id }: { id: string }, { pubsub }: mercurius.MercuriusContext) => {
          subscribers.add();
          return pubsub.subscribe(`job:${id}`);
        },
      },
    },
  },
  jit: 1,
  subscription: true,
});
await app.ready();
obey({
  ...eventCommands((job, version) => {
    app.graphql.pubsub.publish({
      topic: `job:${jobIdOf(job)}`,
      payload: { videoJobUpdated: runningState(job, version) },
    });
  }),
  subscribed: subscribers.count,
});
ready(await app.listen({ port: 0, host: '127.0.0.1' }));
