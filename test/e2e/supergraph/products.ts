import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

/** The second subgraph: products, each with a trailer that is a job of Reelgate. */
export interface Products extends AsyncDisposable {
  readonly url: string;
  /** Job ids by product ids; the test sets them. */
  readonly trailers: Map<string, string>;
}

/** Serves test/e2e/federation/products.graphql on a port. */
export async function startProducts(port: number): Promise<Products> {
  const trailers = new Map<string, string>();
  const [, ...definitions] = readFileSync('test/e2e/federation/products.graphql', 'utf8').split('\n\n');
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      // Without a federation library, a subgraph defines the directive itself.
      typeDefs: ['directive @key(fields: String!, resolvable: Boolean) on OBJECT', ...definitions],
      resolvers: {
        Query: { product: (_: unknown, { id }: { id: string }) => ({ id }) },
        Product: {
          trailer: ({ id }: { id: string }) => {
            const job = trailers.get(id);
            return job === undefined ? null : { id: job };
          },
        },
      },
    }),
  });
  // Yoga handles the rejections of its promise.
  const server = createServer((request, response) => void yoga(request, response)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${port}`,
    trailers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
