import { type ExecutionArgs, getOperationAST, GraphQLError } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Caller } from '../domain/caller.ts';
import { maskError } from './mask-error.ts';
import type { Turn } from './opening-order.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { Yoga } from './yoga.ts';

/** What a client asked for. */
interface Wish {
  /** Who asks. @throws GraphQLError when that can't be told */
  readonly caller: () => Promise<Caller>;
  readonly params: SubscribePayload;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  readonly turn: Turn;
}

/**
 * Parses and validates by the endpoint's own rules.
 *
 * @returns what to execute, or why it can't be
 */
export async function prepare(
  yoga: Yoga,
  { caller, params, trusted, turn }: Wish,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    // Without a `request`: Yoga would take the upgrade's GET for the operation's method and refuse mutations.
    const enveloped = yoga.getEnveloped({ caller: await caller(), params });
    const document = enveloped.parse(trusted === null ? params.query : trusted.resolve(params));
    const errors = enveloped.validate(enveloped.schema, document);
    if (errors.length > 0) return errors;
    if (getOperationAST(document, params.operationName) == null) return [unresolved()];
    return {
      schema: enveloped.schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: await enveloped.contextFactory(),
      rootValue: inTurn(enveloped, turn),
    };
  } catch (error) {
    // Thrown further, one wrong document would close the socket and every subscription on it.
    return [maskError(error)];
  }
}

type Executors = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;

/** Yoga's functions, with the operation's turn kept. */
function inTurn({ execute, subscribe }: Executors, { before, opened }: Turn): Executors {
  return {
    execute: async (args) => {
      opened();
      if (before !== null) await before;
      return execute(args);
    },
    subscribe: async (args) => {
      try {
        return await subscribe(args);
      } finally {
        opened();
      }
    },
  };
}

/** The functions that `prepare` put there, with the endpoint's plugins around them. */
export function executorsOf(args: ExecutionArgs): Executors {
  const root: unknown = args.rootValue;
  if (isExecutors(root)) return root;
  throw new GraphQLError('The operation was not prepared.');
}

/** As Yoga says it over HTTP. */
function unresolved(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}

function isExecutors(root: unknown): root is Executors {
  return typeof root === 'object' && root !== null && 'execute' in root && 'subscribe' in root;
}
