/** Yoga as it comes, over HTTP. */
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { obey } from '../servers/control.ts';
import { listen } from '../servers/listen.ts';
import { queryResolvers, typeDefs } from './schema.ts';

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers: { Query: queryResolvers } }) });
obey({});
listen(createServer(yoga));
