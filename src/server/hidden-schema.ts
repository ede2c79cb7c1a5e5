import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Leaves suggestions out of what execution says of the values of variables. `Documents` keeps the rest of the schema to itself. */
export function useHiddenSchema(): Plugin {
  return {
    onExecute: () => ({
      onExecuteDone: ({ result, setResult }) => {
        if (isAsyncIterable(result) || result.errors === undefined) return;
        setResult({ ...result, errors: result.errors.map(withoutSuggestion) });
      },
    }),
    onSubscribe: () => ({
      onSubscribeResult: ({ result, setResult }) => {
        if (isAsyncIterable(result) || result.errors === undefined) return;
        setResult({ ...result, errors: result.errors.map(withoutSuggestion) });
      },
    }),
  };
}

/** Refuses to show the SDL of the subgraph. */
export function noSubgraphSdl(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return;
      const message = 'The schema is not shown here: introspection is switched off.';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

/** As graphql-js adds them: ` Did you mean "a", "b", or "c"?` */
export function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean .*\?$/s, '');
  if (message === error.message) return error;
  const { nodes = null, path = null, originalError = null, extensions } = error;
  return new GraphQLError(message, { nodes, path, originalError, extensions });
}
