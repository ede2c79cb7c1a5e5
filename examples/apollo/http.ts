import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { sha256 } from 'crypto-hash';
import { endpoint } from '../terminal.ts';
import { runBy, signIn } from './video-jobs.ts';

const client = new ApolloClient({
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), signIn, new HttpLink({ uri: endpoint })]),
  cache: new InMemoryCache(),
});

await runBy(client);
