import type { Result, StreamEnd } from '../transports/transport.ts';
import type { Expectation } from './case.ts';
import { faultsOf } from './match.ts';
import { at } from './values.ts';

/** What a step has received. */
export interface Received {
  readonly results: readonly Result[];
  /** Null when the stream is still open. */
  readonly end: StreamEnd | null;
}

/**
 * Compares what was received with what is expected.
 *
 * @param expected with all its values filled in
 * @param isOver whether the step reads to the end
 * @returns a sentence for each fault
 */
export function faultsOfReceived(
  expected: Expectation,
  { results, end }: Received,
  isOver: boolean,
): string[] {
  const data = results.map((result) => result.data);
  return [
    ...(isOver ? faultsOfEnd(expected, end) : []),
    ...('results' in expected ? faultsOf(expected.results, data, 'results') : []),
    ...('first' in expected ? faultsOf(expected.first, data[0], 'first') : []),
    ...('last' in expected ? faultsOf(expected.last, data.at(-1), 'last') : []),
    ...('every' in expected ? faultsOfEvery(expected.every, data) : []),
    ...(expected.rising === undefined ? [] : faultsOfOrder(expected.rising, data)),
    ...faultsOf(expected.partial ?? [], results.at(-1)?.errors ?? [], 'the codes of errors beside the data'),
  ];
}

function faultsOfEnd({ errors, end: wanted }: Expectation, end: StreamEnd | null): string[] {
  const expected = wanted ?? (errors === undefined ? 'complete' : 'error');
  if (end?.end !== expected) return [`It ended by ${end?.end}, not by ${expected}: ${end?.detail}.`];
  return faultsOf(errors ?? [], end.errors, 'the codes of the errors at the end');
}

function faultsOfEvery(pattern: unknown, data: readonly unknown[]): string[] {
  if (data.length === 0) return ['There is no result.'];
  return data.flatMap((item, index) => faultsOf(pattern, item, `result ${index}`));
}

function faultsOfOrder(path: string, data: readonly unknown[]): string[] {
  if (data.length === 0) return ['There is no result.'];
  const numbers = data.map((item) => Number(at(item, path)));
  const rises = numbers.every((number, index) => number > (numbers[index - 1] ?? -Infinity));
  return rises ? [] : [`${path} does not rise: ${numbers.join(', ')}.`];
}
