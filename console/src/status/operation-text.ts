import { type Connection, ReelgateError } from '@reelgate/client';

/** The text of a GraphQL operation, with the types of its result and variables. */
export type OperationText<Data, Variables> = string & {
  /** Never set: it carries the types. */
  readonly types?: (variables: Variables) => Data;
};

/** Runs an operation once. @throws ReelgateError with the gateway's code; the reason of `signal` */
export async function run<Data, Variables extends Readonly<Record<string, unknown>>>(
  connection: Connection,
  query: OperationText<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const { data, errors } = await connection.execute<Data>({ query, variables }, signal);
  const [error] = errors ?? [];
  if (error === undefined && data != null) return data;
  throw new ReelgateError(
    error?.extensions?.code ?? 'NO_DATA',
    error?.message ?? 'The gateway answered without data.',
  );
}
