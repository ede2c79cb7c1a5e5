import type { ApolloClient } from '@apollo/client';
import type { Client } from 'graphql-ws';
import { createContext, use } from 'react';
import type { Feed } from '../jobs/feed.ts';
import type { Announcer } from '../ui/announcer.tsx';
import type { Connection } from './connection.ts';

/** The services of the page, created once in main.tsx. */
export interface Gateway {
  readonly apollo: ApolloClient;
  readonly client: Client;
  readonly connection: Connection;
  readonly feed: Feed;
  readonly announcer: Announcer;
}

export const GatewayContext = createContext<Gateway | null>(null);

/** @throws outside of a GatewayContext */
export function useGateway(): Gateway {
  const gateway = use(GatewayContext);
  if (gateway === null) throw new Error('useGateway needs a GatewayContext around the component.');
  return gateway;
}
