import { ApolloClient, ApolloLink, HttpLink } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { sha256 } from 'crypto-hash';
import { endpoint } from '../terminal.ts';
import { cache, runBy, signIn } from './video-jobs.ts';

const client = new ApolloClient({
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), signIn, new HttpLink({ uri: endpoint })]),
  cache,
});

await runBy(client);
