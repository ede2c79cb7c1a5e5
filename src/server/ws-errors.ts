import type { FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';

/** Errors as they go over a WebSocket: without what Yoga notes in them for HTTP. */
export function formatErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
  return errors.map((error) => {
    const { extensions = {}, ...formatted } = error.toJSON();
    const { http: _http, unexpected: _unexpected, ...shown } = extensions;
    return Object.keys(shown).length === 0 ? formatted : { ...formatted, extensions: shown };
  });
}

/** A result as it goes over a WebSocket; undefined when there is nothing to change. */
export function formatResult(result: WithErrors): FormattedExecutionResult | undefined {
  const { errors, ...others } = result;
  return errors === undefined ? undefined : { ...others, errors: formatErrors(errors) };
}

interface WithErrors {
  readonly errors?: readonly GraphQLError[] | undefined;
}
