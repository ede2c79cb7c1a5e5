import { type GraphQLError, OperationTypeNode } from 'graphql';
import type { Answer } from '../../graphql/answer-budget.ts';
import { ENTITIES_PER_TURN } from '../../graphql/context.ts';
import { refusal } from '../../graphql/errors.ts';
import type { Variables } from '../operation.ts';
import type { TurnQueue } from '../work-queues.ts';
import { type Measure, type Size, sizeOf } from './answer-size.ts';

/** An operation that is about to be executed. */
export interface Admission {
  readonly measured: Measure;
  readonly variables: Variables;
  readonly answer: Answer;
}

const MIB = 1024 * 1024;
/**
 * The limit of an answer. 12 MiB or 12,000 values block the process for up to a tenth of a second. A page of 100 jobs with every
 * field has 4,600 values and up to 5 MB.
 */
const MAX_ANSWER: Size = { bytes: 12 * MIB, values: 12_000 };
/**
 * The limit of an answer of which `MAX_ANSWER` is executed in one turn of the event loop at most, as `_entities` take many turns. 1,000
 * entities with every field, and with the type names that routers add, just fit. Half of the memory for answers, which is one owner's
 * share, is larger.
 */
const MAX_ENTITIES_ANSWER: Size = { bytes: 56 * MIB, values: 60_000 };
/** The limit of each event of a subscription. A job with every field has up to 48 kB. */
const MAX_EVENT: Size = { bytes: MIB / 4, values: 2000 };
/** The size of an entity that is refused at its place: an error is much larger than a value. */
const REFUSED_ENTITY: Size = { bytes: 400, values: 10 };
/** Larger answers are started one per turn of the event loop, so that other requests are served between them. */
const SMALL_ANSWER: Size = { bytes: 2 * MIB, values: 1000 };
/** Values of any kind at any depth in the variables; 1,000 representations of entities have 3,001. */
const MAX_VARIABLES = 10_000;

/**
 * Checks an operation with its variables against all limits, and reserves memory for its answer. Called before every execution.
 *
 * @param turns starts large answers
 * @returns null when it may be executed; an error when it may not; a promise while it waits for memory
 */
export function admit(
  { measured, variables, answer }: Admission,
  turns: TurnQueue,
): GraphQLError | null | Promise<GraphQLError | null> {
  if (hasTooManyValues(variables)) return tooManyVariables();
  const size = sizeOf(measured, variables);
  if (fits(size, SMALL_ANSWER)) return answer.reserve(size.bytes);
  const max = fits(sizeOfTurn(measured, variables), MAX_ANSWER) ? MAX_ENTITIES_ANSWER : MAX_ANSWER;
  if (fits(size, max)) return inTurn(turns, answer, size.bytes);
  const entities = entitiesThatFit(measured, variables, max);
  if (entities < 1) return tooExpensive('The answer', size, max);
  answer.maxEntities = entities;
  return inTurn(turns, answer, max.bytes);
}

async function inTurn(turns: TurnQueue, answer: Answer, bytes: number): Promise<GraphQLError | null> {
  await turns.wait();
  return answer.reserve(bytes);
}

/** Like `admit`, for a subscription. Its events reserve memory when they are executed. */
export function admitSubscription({ measured, variables }: Omit<Admission, 'answer'>): GraphQLError | null {
  if (hasTooManyValues(variables)) return tooManyVariables();
  const size = sizeOf(measured, variables);
  return fits(size, MAX_EVENT) ? null : tooExpensive('Each event', size, MAX_EVENT);
}

/**
 * Refuses an operation that is above a limit for any values of its variables.
 *
 * @throws GraphQLError
 */
export function checkSize(measured: Measure, operation: OperationTypeNode): void {
  const isSubscription = operation === OperationTypeNode.SUBSCRIPTION;
  const max = isSubscription ? MAX_EVENT : MAX_ANSWER;
  if (!fits(measured, max)) throw tooExpensive(isSubscription ? 'Each event' : 'The answer', measured, max);
}

/** Whether the variables have too many values. Counts without recursion, as JSON can be deep. */
function hasTooManyValues(variables: unknown): boolean {
  const open = isObject(variables) ? [variables] : [];
  let count = 1;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const parts: unknown[] = Object.values(value);
    count += parts.length;
    if (count > MAX_VARIABLES) return true;
    for (const part of parts) if (isObject(part)) open.push(part);
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fits({ bytes, values }: Size, max: Size): boolean {
  return bytes <= max.bytes && values <= max.values;
}

/** The part of an answer that is executed in one turn of the event loop, at most. */
function sizeOfTurn(measured: Measure, variables: Variables): Size {
  const { divisible, base } = partsOf(measured, variables);
  const entities = (unit: keyof Size) =>
    ENTITIES_PER_TURN * Math.max(0, ...divisible.map(({ entry }) => entry[unit]));
  return { bytes: base.bytes + entities('bytes'), values: base.values + entities('values') };
}

/** The lists of entities, and the size of everything else. */
function partsOf(measured: Measure, variables: Variables) {
  const divisible = measured.lists.filter(({ length }) => length.isDivisible);
  const others = measured.lists.filter(({ length }) => !length.isDivisible);
  return { divisible, base: sizeOf({ ...measured, lists: others }, variables) };
}

/** How many entities of each list fit into the answer, with errors for the others. */
function entitiesThatFit(measured: Measure, variables: Variables, max: Size): number {
  const { divisible, base } = partsOf(measured, variables);
  const count = divisible.reduce((sum, { length }) => sum + length.of(variables), 0);
  const room = (unit: keyof Size) => {
    const left = max[unit] - base[unit] - count * REFUSED_ENTITY[unit];
    const each = divisible.reduce(
      (sum, { entry }) => sum + Math.max(entry[unit] - REFUSED_ENTITY[unit], 1),
      0,
    );
    return each === 0 ? 0 : Math.floor(left / each);
  };
  return Math.min(room('bytes'), room('values'));
}

function tooExpensive(what: string, size: Size, max: Size): GraphQLError {
  const tooManyBytes = size.bytes > max.bytes;
  const asked = tooManyBytes ? `${inMiB(size.bytes)} MiB` : `${format(size.values)} values`;
  const allowed = tooManyBytes ? `${inMiB(max.bytes)} MiB` : `${format(max.values)} values`;
  return refusal(
    400,
    'DOCUMENT_TOO_EXPENSIVE',
    `${what} could have ${asked}; the limit is ${allowed}. Ask for shorter pages, fewer fields or fewer long texts.`,
  );
}

function inMiB(bytes: number): string {
  return (bytes / MIB).toLocaleString('en', { maximumFractionDigits: 2 });
}

function format(values: number): string {
  return Math.ceil(values).toLocaleString('en');
}

function tooManyVariables(): GraphQLError {
  return refusal(400, 'VARIABLES_TOO_LARGE', `The variables have more than ${format(MAX_VARIABLES)} values.`);
}
