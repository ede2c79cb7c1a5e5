import { createServer } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { listen } from '../servers/listen.ts';

/** Serves a schema by graphql-ws and graphql-js, as graphql-ws' page shows it. */
export function serveGraphqlWs(schema: GraphQLSchema): void {
  const server = createServer();
  useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
  listen(server);
}
