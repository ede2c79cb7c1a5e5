import { GraphQLError } from 'graphql';

/** For an argument that its type allows and the field does not. */
export function badInput(message: string): GraphQLError {
  return coded('BAD_USER_INPUT', message);
}

/** For a job that is unknown or somebody else's: the same, so that nobody can tell. */
export function noSuchJob(): GraphQLError {
  return coded('NOT_FOUND', 'There is no such video job.');
}

/** For whoever may not do this. */
export function forbidden(message: string): GraphQLError {
  return coded('FORBIDDEN', message);
}

function coded(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
