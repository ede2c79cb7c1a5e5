import {
  type ASTVisitor,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Keeps the schema to itself, on every transport: no introspection, no SDL, and no suggestions in messages. */
export function useHiddenSchema(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(NoSchemaIntrospectionCustomRule);
      addValidationRule(noSubgraphSdl);
      return ({ result, setResult }) => setResult(withoutSuggestions(result));
    },
    // Values of variables are checked later.
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

function noSubgraphSdl(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return;
      const message = 'The schema is not shown here: introspection is switched off.';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

function withoutSuggestions(errors: readonly Error[]): Error[] {
  return errors.map((error) => (error instanceof GraphQLError ? withoutSuggestion(error) : error));
}

/** As graphql-js adds them: ` Did you mean "a", "b", or "c"?` */
function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean .*\?$/s, '');
  if (message === error.message) return error;
  const { nodes = null, path = null, originalError = null, extensions } = error;
  return new GraphQLError(message, { nodes, path, originalError, extensions });
}
