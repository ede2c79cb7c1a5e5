import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultWatch, watchFaults } from './fault-watch.ts';
import { answerOf, dataOf, exchange, postBody } from '../../support/gateway/http.ts';
import {
  FORM,
  formHead,
  MAP,
  MIB,
  OPERATIONS,
  type Parts,
  PNG,
  pngOf,
  postForm,
  postUpload,
  rawForm,
  refusalOf,
  UPLOAD,
  uploadOf,
} from '../../support/gateway/upload.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';

let gateway: Gateway;
let watch: FaultWatch;
beforeAll(async () => {
  watch = watchFaults();
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  watch[Symbol.dispose]();
});
afterEach(stillServes);

async function stillServes(): Promise<void> {
  expect(await dataOf(gateway.url, '{ __typename }')).toEqual({ __typename: 'Query' });
  expect([watch.faults, gateway.log.errors]).toEqual([[], []]);
  expect(Object.keys(Object.prototype)).toEqual([]);
}

const operations = (value: unknown) => uploadOf(PNG, { operations: JSON.stringify(value) });
const map = (value: unknown) => uploadOf(PNG, { map: JSON.stringify(value) });
const variables = (value: unknown) => operations({ query: UPLOAD, variables: value });

describe('a form is refused', () => {
  const MALFORMED: readonly (readonly [string, Parts])[] = [
    ['without anything', []],
    [
      'without `operations`',
      [
        ['map', MAP],
        ['0', PNG],
      ],
    ],
    [
      'without `map`',
      [
        ['operations', OPERATIONS],
        ['0', PNG],
      ],
    ],
    [
      'without the file',
      [
        ['operations', OPERATIONS],
        ['map', MAP],
      ],
    ],
    [
      'whose `operations` is a file',
      [
        ['operations', PNG],
        ['map', MAP],
      ],
    ],
    [
      'whose `map` is a file',
      [
        ['operations', OPERATIONS],
        ['map', PNG],
      ],
    ],
    [
      'whose file is text',
      [
        ['operations', OPERATIONS],
        ['map', MAP],
        ['0', 'image.png'],
      ],
    ],
    ['with two files', [...uploadOf(PNG), ['1', PNG]]],
    ['with another field', [...uploadOf(PNG), ['1', 'text']]],
    ['with a thousand fields', Array.from({ length: 1000 }, (_, index) => [String(index), ''] as const)],
    ['whose `operations` is no JSON', uploadOf(PNG, { operations: '{' })],
    ['whose `operations` is empty', uploadOf(PNG, { operations: '' })],
    ['whose `operations` is null', operations(null)],
    ['whose `operations` is text', operations('text')],
    ['whose `operations` is a batch', operations([{ query: UPLOAD, variables: { file: null } }])],
    ['whose `operations` has no query', operations({ variables: { file: null } })],
    ['whose `operations` has no variables', operations({ query: UPLOAD })],
    [
      'whose `operations` is long',
      operations({ query: UPLOAD, variables: { file: null, a: 'x'.repeat(MIB) } }),
    ],
    ['with an unknown parameter', operations({ query: UPLOAD, variables: { file: null }, nope: 1 })],
    ['whose `map` is no JSON', uploadOf(PNG, { map: '{' })],
    ['whose `map` is null', map(null)],
    ['whose `map` is a list', map([['variables.file']])],
    ['whose `map` is empty', map({})],
    ['whose `map` has text for a list', map({ 0: 'variables.file' })],
    ['whose `map` has no place', map({ 0: [] })],
    ['whose `map` has two places', map({ 0: ['variables.file', 'variables.file'] })],
    ['whose `map` has numbers', map({ 0: [1] })],
    ['whose `map` has two files', map({ 0: ['variables.file'], 1: ['variables.file'] })],
    ['whose `map` names another file', map({ 1: ['variables.file'] })],
    ['whose `map` names a place that is not there', map({ 0: ['variables.files'] })],
    ['whose `map` names a place in null', map({ 0: ['variables.file.0'] })],
    ['whose `map` names a place outside of the variables', map({ 0: ['query'] })],
    ['whose `map` names the variables', map({ 0: ['variables'] })],
    ['whose `map` names nothing', map({ 0: [''] })],
    ['whose `map` names a prototype', map({ 0: ['variables.__proto__.polluted'] })],
    ['whose `map` names a constructor', map({ 0: ['variables.constructor.prototype.polluted'] })],
    ['whose `map` names the one null of a prototype', map({ 0: ['variables.__proto__.__proto__'] })],
    [
      'whose place is a parameter',
      uploadOf(PNG, {
        operations: JSON.stringify({ query: UPLOAD, variables: { file: null }, operationName: null }),
        map: '{"0":["operationName"]}',
      }),
    ],
    ['whose `map` names a prototype of its own', map({ 0: ['__proto__.polluted'] })],
    ['whose place is text', variables({ file: 'image.png' })],
    ['whose place is an object', variables({ file: {} })],
  ];

  it.each(MALFORMED)('%s', async (_, parts) => {
    expect(refusalOf(await postForm(gateway.url, parts))).toEqual([400, 'BAD_REQUEST']);
  });

  it('whose file stands for something else', async () => {
    const query = 'query ($file: ID!) { videoJob(id: $file) { id } }';
    const answer = await postForm(gateway.url, operations({ query, variables: { file: null } }));
    expect(refusalOf(answer)).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('whose file is a byte over 10 MiB', async () => {
    const answer = await postUpload(gateway.url, pngOf(10 * MIB + 1));
    expect(refusalOf(answer)).toEqual([413, 'REQUEST_ENTITY_TOO_LARGE']);
  });

  it('that is larger than it may be as a whole, on a connection that goes on', async () => {
    const answer = await postUpload(gateway.url, pngOf(12 * MIB));
    expect(refusalOf(answer)).toEqual([413, 'REQUEST_ENTITY_TOO_LARGE']);
  });

  it.each([
    ['is', rawForm(uploadOf(pngOf(12 * MIB)))],
    ['stands around a small file', Buffer.concat([Buffer.alloc(12 * MIB), rawForm(uploadOf(PNG))])],
  ])('that is larger, without its length told, by what %s in it', async (_, form) => {
    const answer = await exchange(
      gateway.port,
      Buffer.concat([
        Buffer.from(formHead(['transfer-encoding: chunked', 'connection: close'])),
        Buffer.from(`${form.length.toString(16)}\r\n`),
        form,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 [^]*REQUEST_ENTITY_TOO_LARGE/);
  });

  it('that is a batch, and is told so', async () => {
    const batch = uploadOf(PNG, { operations: `[${OPERATIONS}]`, map: '{"0":["0.variables.file"]}' });
    const { text } = await postForm(gateway.url, batch);
    expect(answerOf(text).errors?.[0]?.message).toContain('one operation');
  });

  it.each([
    ['without a boundary', 'multipart/form-data'],
    ['with an empty boundary', 'multipart/form-data; boundary='],
    ['with another boundary', 'multipart/form-data; boundary=c'],
    ['with a boundary of 1,000 characters', `multipart/form-data; boundary=${'b'.repeat(1000)}`],
  ])('%s', async (_, type) => {
    const answer = await postBody(gateway.url, new Uint8Array(rawForm(uploadOf(PNG))), {
      'content-type': type,
    });
    expect(refusalOf(answer)).toEqual([400, 'BAD_REQUEST']);
  });

  it('that ends at any byte before its end', async () => {
    const whole = rawForm(uploadOf(PNG));
    for (let length = 0; length < whole.length - 4; length += 7) {
      const answer = await postBody(gateway.url, new Uint8Array(whole.subarray(0, length)), {
        'content-type': FORM,
      });
      expect([length, ...refusalOf(answer)]).toEqual([length, 400, 'BAD_REQUEST']);
    }
  });
});
