import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Values of any kind, at any depth; the largest input that makes sense has about ten. */
const MAX_VALUES = 1000;

/**
 * Refuses variables of very many values, on every transport: each that is wrong would get an error of its own, and
 * a megabyte of them would take seconds.
 */
export function useVariableLimits(): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      if (hasTooManyValues(args.variableValues)) setResultAndStopExecution({ errors: [tooMany()] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      if (hasTooManyValues(args.variableValues)) setResultAndStopExecution({ errors: [tooMany()] });
    },
  };
}

/** Whether variables have more values than are allowed. Counts without recursion, as JSON can be deep. */
export function hasTooManyValues(variables: unknown): boolean {
  const open = isObject(variables) ? [variables] : [];
  let count = 1;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const parts: unknown[] = Object.values(value);
    count += parts.length;
    if (count > MAX_VALUES) return true;
    for (const part of parts) if (isObject(part)) open.push(part);
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function tooMany(): GraphQLError {
  return new GraphQLError(`The variables have more than ${MAX_VALUES.toLocaleString('en')} values.`, {
    extensions: { code: 'VARIABLES_TOO_LARGE', http: { status: 400 } },
  });
}
