import { createServer } from 'node:http';
import { listenOnFreePort } from '../network/ports.ts';
import { SwiftServer } from './swift-server.ts';

/** A server that all test files share, because its start takes seconds. It is started when a test needs it. */
export async function startSwiftStarter(): Promise<AsyncDisposable & { readonly url: string }> {
  let swift: Promise<SwiftServer> | null = null;
  const server = createServer((_request, response) => {
    swift ??= SwiftServer.start();
    swift.then(
      ({ endpoint }) => response.end(endpoint),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const port = await listenOnFreePort(server);
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await (await swift?.catch(() => null))?.[Symbol.asyncDispose]();
    },
  };
}
