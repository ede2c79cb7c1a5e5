import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { endpoint, token } from '../terminal.ts';
import { cache, runBy, signIn } from './video-jobs.ts';

const socket = createClient({
  url: endpoint.replace(/^http/, 'ws'),
  connectionParams: () => ({ token: token() }),
  retryAttempts: 0, // watchVideoJob subscribes again, with the newest version.
});
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    ApolloLink.from([signIn, new HttpLink({ uri: endpoint })]),
  ),
  cache,
});

await runBy(client);
