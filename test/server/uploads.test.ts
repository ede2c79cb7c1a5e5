import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UploadedFile } from '../../src/graphql/uploaded-file.ts';
import { TrustedDocuments } from '../../src/server/trusted-documents.ts';
import { type FaultWatch, watchFaults } from '../support/gateway-faults.ts';
import { answerOf, dataOf, exchange, type HttpAnswer, postBody } from '../support/gateway-http.ts';
import {
  MAP,
  MIB,
  OPERATIONS,
  type Parts,
  PNG,
  pngOf,
  postForm,
  postUpload,
  rawForm,
  UPLOAD,
  uploadOf,
} from '../support/gateway-upload.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const APP = 'https://app.example.com';
let gateway: Gateway;
let watch: FaultWatch;
beforeAll(async () => {
  watch = watchFaults();
  gateway = await startGateway({ corsOrigins: [APP] });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  watch[Symbol.dispose]();
});
afterEach(async () => {
  expect(await dataOf(gateway.url, '{ __typename }')).toEqual({ __typename: 'Query' });
  expect([watch.faults, gateway.log.errors]).toEqual([[], []]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe('a form is refused', () => {
  const operations = (value: unknown) => uploadOf(PNG, { operations: JSON.stringify(value) });
  const map = (value: unknown) => uploadOf(PNG, { map: JSON.stringify(value) });
  const variables = (value: unknown) => operations({ query: UPLOAD, variables: value });

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
        Buffer.from(head(FORM, ['transfer-encoding: chunked', 'connection: close'])),
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

describe('a form is taken', () => {
  it('with the parts in any order', async () => {
    const answer = await postForm(gateway.url, [...uploadOf(PNG)].toReversed());
    expect(refusalOf(answer)).toEqual([200, undefined]);
  });

  it('with the file deep in the variables', async () => {
    const query = 'mutation ($a: File!) { uploadImage(file: $a) { url } }';
    const parts = uploadOf(PNG, {
      operations: JSON.stringify({ query, variables: { a: null, b: [{ c: null }] } }),
      map: '{"0":["variables.b.0.c"]}',
    });
    // The place is found; the variable that is read is another one.
    expect(refusalOf(await postForm(gateway.url, parts))).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('again and again on one connection, refused ones in between', async () => {
    const small = rawForm(uploadOf(PNG));
    const bad = rawForm(uploadOf(PNG, { map: '{}' }));
    const requests = [small, bad, small].map((form) => [
      head(FORM, [`content-length: ${form.length}`]),
      form,
    ]);
    const last = `GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: a\r\naccept: application/json\r\nconnection: close\r\n\r\n`;
    const bytes = Buffer.concat([...requests.flat().map((part) => Buffer.from(part)), Buffer.from(last)]);
    const answers = await exchange(gateway.port, bytes);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 400',
      'HTTP/1.1 200',
      'HTTP/1.1 200',
    ]);
  });
});

describe('where only trusted documents are run, a form', () => {
  it('is taken with the id of one, and refused with another text', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'documents.json');
    writeFileSync(file, JSON.stringify({ upload: UPLOAD }));
    await using strict = await startGateway({ trusted: TrustedDocuments.read(file) });
    const post = (params: object) =>
      postForm(
        strict.url,
        uploadOf(PNG, { operations: JSON.stringify({ ...params, variables: { file: null } }) }),
      );
    expect(refusalOf(await post({ documentId: 'upload' }))).toEqual([200, undefined]);
    expect(refusalOf(await post({ query: UPLOAD }))).toEqual([200, undefined]);
    expect(refusalOf(await post({ query: `${UPLOAD} ` }))).toEqual([400, 'DOCUMENT_NOT_TRUSTED']);
    expect(refusalOf(await post({ documentId: 'nope' }))).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
  });
});

describe('a form that a page sends', () => {
  it.each(['https://evil.example', 'null', 'http://app.example.com', 'https://app.example.com.evil.example'])(
    'is refused when the page is of %s, which need not have asked first',
    async (origin) => {
      const answer = await postForm(gateway.url, uploadOf(PNG), { headers: { origin } });
      expect(refusalOf(answer)).toEqual([403, 'CROSS_ORIGIN']);
    },
  );

  it('is taken when the page is the gateway’s own, or of an origin in the list', async () => {
    for (const origin of [gateway.url, APP]) {
      const answer = await postForm(gateway.url, uploadOf(PNG), { headers: { origin } });
      expect(refusalOf(answer)).toEqual([200, undefined]);
    }
  });
});

it('a file is let go of when its answer is there, whoever still has the variables', async () => {
  using discard = vi.spyOn(UploadedFile.prototype, 'discard');
  expect(refusalOf(await postUpload(gateway.url, PNG))).toEqual([200, undefined]);
  const files = discard.mock.contexts.filter((file) => file instanceof UploadedFile);
  expect(files.map(({ bytes }) => bytes.length)).toEqual([0]);
});

describe('uploads at once', () => {
  it('are at most four of one owner; the next one is told to come again, and may', async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    await using busy = await startGateway({
      uploadImage: async () => {
        begun += 1;
        await gate.promise;
        return { type: 'uploaded', url: 'https://files.example.com/cat.png' };
      },
    });
    const gone = new AbortController();
    const left = postForm(busy.url, uploadOf(PNG), { signal: gone.signal }).catch(() => null);
    const others = [1, 2, 3].map(() => postUpload(busy.url, PNG));
    await expect.poll(() => begun).toBe(4);
    gone.abort();
    await left;
    // Who has gone holds the place until the upload has ended.
    const refused = await postUpload(busy.url, PNG);
    expect(refusalOf(refused)).toEqual([503, 'TOO_MANY_UPLOADS']);
    expect(refused.headers.get('retry-after')).toBe('1');
    gate.resolve();
    for (const answer of await Promise.all(others)) expect(refusalOf(answer)).toEqual([200, undefined]);
    const again = await Promise.all([1, 2, 3, 4].map(() => postUpload(busy.url, PNG)));
    expect(again.map(refusalOf)).toEqual(Array.from({ length: 4 }, () => [200, undefined]));
  });

  it('are given up when their client goes in the middle of one', async () => {
    const form = rawForm(uploadOf(PNG));
    for (let sent = 0; sent < 12; sent += 1) {
      await sendHalf(`${head(FORM, [`content-length: ${form.length}`])}${form.toString('latin1', 0, 50)}`);
    }
    await expect.poll(async () => (await postUpload(gateway.url, PNG)).status).toBe(200);
  });
});

const FORM = 'multipart/form-data; boundary=b';

function head(type: string, lines: readonly string[]): string {
  return ['POST /graphql HTTP/1.1', 'host: a', `content-type: ${type}`, ...lines, '', ''].join('\r\n');
}

/** Sends bytes and goes. */
async function sendHalf(bytes: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.write(bytes, 'latin1', () => socket.destroy());
  await promise;
}

function refusalOf({ status, text }: HttpAnswer): [number, unknown] {
  return [status, answerOf(text).errors?.[0]?.extensions?.['code']];
}
