/** Apollo Server with its own HTTP server. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { obey, ready } from '../servers/control.ts';
import { queryResolvers, typeDefs } from './schema.ts';

const server = new ApolloServer({ typeDefs, resolvers: { Query: queryResolvers } });
obey({});
const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
ready(url.replace(/\/$/, ''));
