import { GraphQLError } from 'graphql';
import { StoreUnavailableError } from '../store/job-store.ts';
import { SlowSubscriberError } from '../watching/watch-owner.ts';

/**
 * What a client sees of an error: expected ones as they are, all others without their message, with a code.
 * Codes: STORE_UNAVAILABLE (worth repeating), SLOW_SUBSCRIBER, INTERNAL_SERVER_ERROR.
 */
export function maskError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) return masked(error);
  const { originalError } = error;
  if (originalError == null || originalError instanceof GraphQLError) return error;
  const { message, extensions } = masked(originalError);
  const { nodes = null, path = null } = error;
  return new GraphQLError(message, { nodes, path, extensions });
}

function masked(error: unknown): GraphQLError {
  if (error instanceof StoreUnavailableError) {
    return coded('The job store cannot be reached. Try again in a moment.', 'STORE_UNAVAILABLE');
  }
  if (error instanceof SlowSubscriberError) return coded(error.message, 'SLOW_SUBSCRIBER');
  return coded('Unexpected error.', 'INTERNAL_SERVER_ERROR');
}

function coded(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
