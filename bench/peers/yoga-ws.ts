/** Yoga and graphql-ws, with Yoga's own createPubSub. */
import { createPubSub, createSchema } from 'graphql-yoga';
import { jobIdOf, type JobState, runningState } from '../sample.ts';
import { obey } from '../servers/control.ts';
import { eventCommands } from '../servers/event-source.ts';
import { queryResolvers, typeDefs } from './schema.ts';
import { subscribers } from './subscribers.ts';
import { serveYoga } from './yoga-ws-server.ts';

const pubsub = createPubSub<{ job: [id: string, payload: { videoJobUpdated: JobState }] }>();
const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: queryResolvers,
    Subscription: {
      videoJobUpdated: {
        subscribe: (_: unknown, { id }: { id: string }) => {
          subscribers.add();
          return pubsub.subscribe('job', id);
        },
      },
    },
  },
});
obey({
  ...eventCommands((job, version) => {
    pubsub.publish('job', jobIdOf(job), { videoJobUpdated: runningState(job, version) });
  }),
  subscribed: subscribers.count,
});
serveYoga(schema);
