import {
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type ExecutionResult,
  Kind,
} from 'graphql';
import { StoreUnavailableError } from '../store/job-store.ts';
import { SlowSubscriberError } from '../watching/watch-owner.ts';

/** UTF-16 units of a message. The longest of the gateway's own have 300. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * The error that a client gets. A GraphQL error that was thrown on purpose stays as it is; any other loses its message.
 * Codes: STORE_UNAVAILABLE (the client may try again), SLOW_SUBSCRIBER, INTERNAL_SERVER_ERROR.
 */
export function maskError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) return masked(error);
  const { originalError } = error;
  if (originalError == null || originalError instanceof GraphQLError) return error;
  const { nodes = null, source = null, positions = null, path = null } = error;
  const { message, extensions } = masked(originalError);
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

/** The exception itself, for the log: a GraphQL error leaves out its cause. */
export function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError ? (error.originalError ?? error) : error;
}

/** Gives errors of variables and arguments that do not fit their types the code BAD_USER_INPUT. */
export function codeInputErrors(errors: readonly GraphQLError[]): void {
  for (const error of errors) {
    // An error of a variable has no path, as no field has run. An error of an argument points at the argument instead of the field.
    const isOfVariables = error.path === undefined;
    if (isOfVariables) error.extensions['http'] ??= { status: 400 };
    if (isOfVariables || isOfArgument(error)) error.extensions['code'] ??= 'BAD_USER_INPUT';
  }
}

/** Removes the suggestion that graphql-js adds to a message: ` Did you mean "a", "b", or "c"?` */
export function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/ Did you mean .*\?$/s, '');
  return message === error.message ? error : withMessage(error, message);
}

/** Cuts the middle out of a long message: graphql-js repeats values of any length and states the fault at the end. */
export function shortened(error: GraphQLError): GraphQLError {
  const { message } = error;
  if (message.length <= MAX_MESSAGE_LENGTH) return error;
  const half = MAX_MESSAGE_LENGTH / 2;
  return withMessage(error, `${message.slice(0, half)} … ${message.slice(-half)}`);
}

/** Errors as JSON, without the HTTP status and headers in their extensions. */
export function formatErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
  return errors.map((error) => {
    const { extensions = {}, ...formatted } = error.toJSON();
    const { http: _http, unexpected: _unexpected, ...shown } = extensions;
    return Object.keys(shown).length === 0 ? formatted : { ...formatted, extensions: shown };
  });
}

/** A result as JSON; `data` comes before `errors`. */
export function formatResult(result: ExecutionResult): FormattedExecutionResult {
  const { errors, ...others } = result;
  return errors === undefined ? others : { ...others, errors: formatErrors(errors) };
}

function withMessage(error: GraphQLError, message: string): GraphQLError {
  const {
    nodes = null,
    source = null,
    positions = null,
    path = null,
    originalError = null,
    extensions,
  } = error;
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions });
}

function isOfArgument({ nodes }: GraphQLError): boolean {
  return nodes !== undefined && nodes[0]?.kind !== Kind.FIELD;
}

function masked(error: unknown): GraphQLError {
  if (error instanceof StoreUnavailableError) {
    return coded(error.shown, 'STORE_UNAVAILABLE');
  }
  if (error instanceof SlowSubscriberError) return coded(error.message, 'SLOW_SUBSCRIBER');
  return coded('Unexpected error.', 'INTERNAL_SERVER_ERROR');
}

function coded(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/**
 * A text in UTF-8 as a string with one character per byte. Such strings can be joined and written to a stream as `latin1` in one
 * piece, which costs least.
 */
export function byteString(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

/** A result that is already written as JSON. Yoga knows this property. */
export interface WrittenResult extends ExecutionResult {
  readonly stringify: () => string;
}

/** A result as JSON text. */
export function textOf(result: ExecutionResult | WrittenResult): string {
  if ('stringify' in result) return result.stringify();
  return JSON.stringify(result.errors === undefined ? result : formatResult(result));
}

/** A result as JSON text, see `byteString`. */
export function jsonOf(result: ExecutionResult): string {
  return byteString(textOf(result));
}
