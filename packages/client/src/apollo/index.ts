import { ApolloLink } from '@apollo/client';
import type { Reelgate } from '../reelgate.ts';

/** A link that sends all operations by a client: subscriptions over its connection, others over HTTP. */
export function createReelgateLink(_client: Reelgate): ApolloLink {
  throw new Error('Not implemented.');
}
