import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type GraphQLError, Kind } from 'graphql';

/** Gives errors of variables and arguments that do not fit their types the code BAD_USER_INPUT, on every transport. */
export function useInputErrors(): Plugin {
  return {
    onExecute: () => ({ onExecuteDone: ({ result }) => codeErrors(result) }),
    onSubscribe: () => ({
      onSubscribeResult: ({ result }) => {
        codeErrors(result);
        return { onNext: (event) => codeErrors(event.result) };
      },
    }),
  };
}

function codeErrors(result: Result): void {
  if (!isAsyncIterable(result)) codeInputErrors(result.errors ?? []);
}

/** The same for errors that no plugin sees. */
export function codeInputErrors(errors: readonly GraphQLError[]): void {
  for (const error of errors) if (isOfInput(error)) error.extensions['code'] ??= 'BAD_USER_INPUT';
}

/** Those of variables come before any field is run; those of arguments point at the argument instead of the field. */
function isOfInput({ path, nodes }: GraphQLError): boolean {
  return path === undefined || (nodes !== undefined && nodes[0]?.kind !== Kind.FIELD);
}

type Result = { readonly errors?: readonly GraphQLError[] | undefined } | AsyncIterable<unknown>;
