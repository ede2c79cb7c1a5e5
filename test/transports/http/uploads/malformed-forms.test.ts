import { describe, expect, it } from 'vitest';
import { exchange, postBody } from '../../../support/gateway/http.ts';
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
} from '../../../support/gateway/upload.ts';
import { sharedGateway } from '../shared-gateway.ts';

const gateway = sharedGateway();

const operations = (value: unknown) => uploadOf(PNG, { operations: JSON.stringify(value) });
const map = (value: unknown) => uploadOf(PNG, { map: JSON.stringify(value) });
const variables = (value: unknown) => operations({ query: UPLOAD, variables: value });

const operationsPart = ['operations', OPERATIONS] as const;
const mapPart = ['map', MAP] as const;
const filePart = ['0', PNG] as const;
const wholeForm: Parts = [operationsPart, mapPart, filePart];

describe('a form is refused', () => {
  const MALFORMED: readonly (readonly [string, Parts])[] = [
    ['without parts', []],
    ['without `operations`', wholeForm.slice(1)],
    ['without `map`', [operationsPart, filePart]],
    ['without the file', wholeForm.slice(0, 2)],
    ['with a file as `operations`', [['operations', PNG], mapPart]],
    ['with a file as `map`', [operationsPart, ['map', PNG]]],
    ['with text as the file', [operationsPart, mapPart, ['0', 'image.png']]],
    ['with two files', [...uploadOf(PNG), ['1', PNG]]],
    ['with another field', [...uploadOf(PNG), ['1', 'text']]],
    ['with a thousand fields', Array.from({ length: 1000 }, (_, index) => [String(index), ''] as const)],
    ['with malformed JSON as `operations`', uploadOf(PNG, { operations: '{' })],
    ['with empty `operations`', uploadOf(PNG, { operations: '' })],
    ['with null as `operations`', operations(null)],
    ['with text as `operations`', operations('text')],
    ['with `operations` without a query', operations({ variables: { file: null } })],
    ['with `operations` without variables', operations({ query: UPLOAD })],
    [
      'with `operations` of more than 128 KiB',
      operations({ query: UPLOAD, variables: { file: null, a: 'x'.repeat(MIB) } }),
    ],
    ['with malformed JSON as `map`', uploadOf(PNG, { map: '{' })],
    ['with null as `map`', map(null)],
    ['with a list as `map`', map([['variables.file']])],
    ['with an empty `map`', map({})],
    ['with a `map` of a text instead of a list', map({ 0: 'variables.file' })],
    ['with a `map` without a place', map({ 0: [] })],
    ['with a `map` of two places', map({ 0: ['variables.file', 'variables.file'] })],
    ['with a `map` of numbers', map({ 0: [1] })],
    ['with a `map` of two files', map({ 0: ['variables.file'], 1: ['variables.file'] })],
    ['with a `map` of another file', map({ 1: ['variables.file'] })],
    ['with a place that does not exist', map({ 0: ['variables.files'] })],
    ['with a place inside null', map({ 0: ['variables.file.0'] })],
    ['with a place outside the variables', map({ 0: ['query'] })],
    ['with the variables as the place', map({ 0: ['variables'] })],
    ['with an empty place', map({ 0: [''] })],
    ['with a place in a prototype', map({ 0: ['variables.__proto__.polluted'] })],
    ['with a place in a constructor', map({ 0: ['variables.constructor.prototype.polluted'] })],
    [
      'with the null at the end of the prototype chain as the place',
      map({ 0: ['variables.__proto__.__proto__'] }),
    ],
    [
      'with a null parameter as the place',
      uploadOf(PNG, {
        operations: JSON.stringify({ query: UPLOAD, variables: { file: null }, operationName: null }),
        map: '{"0":["operationName"]}',
      }),
    ],
    ['with a place in the prototype of `operations`', map({ 0: ['__proto__.polluted'] })],
    ['with text at the place', variables({ file: 'image.png' })],
    ['with an object at the place', variables({ file: {} })],
  ];

  it.each(MALFORMED)('%s', async (_, parts) => {
    expect(refusalOf(await postForm(gateway.url, parts))).toEqual([400, 'BAD_REQUEST']);
  });

  it('with the file as a variable of another type', async () => {
    const query = 'query ($file: ID!) { videoJob(id: $file) { id } }';
    const answer = await postForm(gateway.url, operations({ query, variables: { file: null } }));
    expect(refusalOf(answer)).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('with a file of 10 MiB and one byte', async () => {
    const answer = await postUpload(gateway.url, pngOf(10 * MIB + 1));
    expect(refusalOf(answer)).toEqual([413, 'REQUEST_ENTITY_TOO_LARGE']);
  });

  it('above the limit of the whole form', async () => {
    const answer = await postUpload(gateway.url, pngOf(12 * MIB));
    expect(refusalOf(answer)).toEqual([413, 'REQUEST_ENTITY_TOO_LARGE']);
  });

  it.each([
    ['in the file', rawForm(uploadOf(pngOf(12 * MIB)))],
    ['before the form', Buffer.concat([Buffer.alloc(12 * MIB), rawForm(uploadOf(PNG))])],
  ])('above the limit without Content-Length, with the bytes %s', async (_, form) => {
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

  it('that is a batch, with a message that says so', async () => {
    const batch = uploadOf(PNG, { operations: `[${OPERATIONS}]`, map: '{"0":["0.variables.file"]}' });
    expect(refusalOf(await postForm(gateway.url, batch))).toEqual([400, 'BATCHING_NOT_SUPPORTED']);
  });

  it.each([
    ['without a boundary', 'multipart/form-data'],
    ['with an empty boundary', 'multipart/form-data; boundary='],
    ['with a wrong boundary', 'multipart/form-data; boundary=c'],
    ['with a boundary of 1,000 characters', `multipart/form-data; boundary=${'b'.repeat(1000)}`],
  ])('%s', async (_, type) => {
    const answer = await postBody(gateway.url, new Uint8Array(rawForm(uploadOf(PNG))), {
      'content-type': type,
    });
    expect(refusalOf(answer)).toEqual([400, 'BAD_REQUEST']);
  });

  it('that is incomplete, at every seventh byte', async () => {
    const whole = rawForm(uploadOf(PNG));
    for (let length = 0; length < whole.length - 4; length += 7) {
      const answer = await postBody(gateway.url, new Uint8Array(whole.subarray(0, length)), {
        'content-type': FORM,
      });
      expect([length, ...refusalOf(answer)]).toEqual([length, 400, 'BAD_REQUEST']);
    }
  });
});
