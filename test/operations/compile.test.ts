import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema.ts';
import { measure } from '../../src/operations/limits/measure.ts';
import { compileOperation } from '../../src/operations/operation-plan.ts';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';

const schema = createSchema({ federation: false, model: WAN_MODEL });

function isCompiled(text: string, operationName?: string): boolean {
  const document = parse(text);
  const operation = getOperationAST(document, operationName);
  if (operation == null) throw new Error('The document has no such operation.');
  const selections = measure(schema, document).operations.get(operation)?.selections ?? 0;
  return (
    compileOperation({
      schema,
      document,
      selections,
      ...(operationName === undefined ? {} : { operationName }),
    }) !== null
  );
}

/** An operation with this number of fields. */
function fields(count: number): string {
  return `{ ${Array.from({ length: count }, (_, index) => `f${index}: __typename`).join(' ')} }`;
}

test('an operation of 200 fields is compiled, a larger one is not', () => {
  expect(isCompiled(fields(200))).toBe(true);
  expect(isCompiled(fields(201))).toBe(false);
});

/** This number of jobs, each with one fragment twice. */
function jobs(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}: videoJob(id: "x") { ...A ...A }`).join(' ');
}

test('a fragment counts in each field that spreads it, and once where it is spread twice', () => {
  const ids = Array.from({ length: 46 }, (_, index) => `b${index}: id`).join(' ');
  const fragments = `fragment A on VideoJob { ...B ...B ... on VideoJob { ...B } } fragment B on VideoJob { ${ids} }`;
  expect(isCompiled(`{ ${jobs(3)} } ${fragments}`)).toBe(true);
  expect(isCompiled(`{ ${jobs(4)} } ${fragments}`)).toBe(false);
});

test('other operations of the document do not count', () => {
  const text = `query Small { __typename } query Large ${fields(201)}`;
  expect([isCompiled(text, 'Small'), isCompiled(text, 'Large')]).toEqual([true, false]);
});

test('an operation with a field renamed to __proto__ is not compiled: the field would be lost', () => {
  expect(isCompiled('{ __proto__: __typename }')).toBe(false);
  expect(isCompiled('{ proto: __typename }')).toBe(true);
});

test.each(['@skip(if: $no)', '@include(if: $no)'])('an operation with %s is not compiled', (directive) => {
  expect(isCompiled(`query ($no: Boolean!) { __typename ${directive} }`)).toBe(false);
});
