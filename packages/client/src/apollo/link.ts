import { ApolloLink, Observable } from '@apollo/client';
import { OperationTypeNode, print } from 'graphql';
import type { Connection, Operation, OperationResult } from '../connection/connection.ts';
import { newestVersions } from './newest-version.ts';

/**
 * A link that sends all operations by a client: subscriptions over its connection, which reconnects by itself, others over HTTP. It keeps
 * each job in the cache at its newest version, when documents select its `id` and `version`. Upload files with `client.upload`.
 */
export function createReelgateLink(client: {
  readonly connection: Pick<Connection, 'execute' | 'subscribe'>;
}): ApolloLink {
  const { connection } = client;
  return new ApolloLink(
    (operation) =>
      new Observable<ApolloLink.Result>((observer) => {
        const request = requestOf(operation);
        const emit = (result: OperationResult): void =>
          observer.next(newestVersions(operation, resultOf(result)));
        const error = (reason: unknown): void => observer.error(reason);
        const complete = (): void => observer.complete();
        if (operation.operationType === OperationTypeNode.SUBSCRIPTION)
          return connection.subscribe(request, { next: emit, error, complete });
        const leaving = new AbortController();
        connection
          .execute<Readonly<Record<string, unknown>>>(request, leaving.signal)
          .then(emit)
          .then(complete, error);
        return () => leaving.abort();
      }),
  );
}

function resultOf({ data = null, errors }: OperationResult): ApolloLink.Result {
  return errors === undefined ? { data } : { data, errors };
}

function requestOf({ query, variables, operationName, extensions }: ApolloLink.Operation): Operation {
  if (Object.values(variables).some((value) => value instanceof Blob))
    throw new TypeError('The link cannot send files. Upload them with client.upload(file).');
  return { query: print(query), variables, operationName, extensions };
}
