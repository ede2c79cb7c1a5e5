/** Apollo Gateway in front of Reelgate. SUPERGRAPH is the path of the composed schema, PORT the port that it listens on. */
import { readFileSync } from 'node:fs';
import {
  ApolloGateway,
  type GraphQLDataSourceProcessOptions,
  RemoteGraphQLDataSource,
} from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

interface Context {
  readonly authorization?: string | undefined;
}

/** Forwards the caller's token. */
class Subgraph extends RemoteGraphQLDataSource<Context> {
  override willSendRequest({ request, context }: GraphQLDataSourceProcessOptions<Context>): void {
    if (context.authorization !== undefined)
      request.http?.headers.set('authorization', context.authorization);
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(process.env.SUPERGRAPH ?? '', 'utf8'),
  // Reelgate gets hashes instead of documents; the products' server does not know them.
  buildService: ({ name, url = '' }) => new Subgraph({ url, apq: name === 'reelgate' }),
});

await startStandaloneServer(
  new ApolloServer<Context>({ gateway, includeStacktraceInErrorResponses: false }),
  {
    listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
    context: async ({ req }) => ({ authorization: req.headers.authorization }),
  },
);
