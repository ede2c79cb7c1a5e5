import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from '../../src/providers/image-host.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { generate, INPUT } from '../support/gateway/generate.ts';
import { answerOf, type ClientError, postBody } from '../support/gateway/http.ts';
import {
  JPEG,
  MIB,
  PNG,
  pngOf,
  postForm,
  postUpload,
  UPLOAD,
  uploadOf,
  WEBP,
} from '../support/gateway/upload.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

const URL = 'https://files.example.com/cat.png';

describe('uploadImage', () => {
  it.each([
    ['image/png', PNG],
    ['image/jpeg', JPEG],
    ['image/webp', WEBP],
    ['image/png', pngOf(10 * MIB)],
  ])('uploads an %s to the host and answers its URL', async (type, bytes) => {
    const images: Image[] = [];
    await using gateway = await startGateway({
      uploadImage: async (image) => {
        // The file is released once the request is answered.
        images.push({ type: image.type, chunks: [Buffer.concat(image.chunks)] });
        return { type: 'uploaded', url: URL };
      },
    });
    const { status, text } = await postUpload(gateway.url, bytes);
    const uploadImage = { url: URL, contentType: type, byteLength: bytes.length };
    expect([status, answerOf(text)]).toEqual([200, { data: { uploadImage } }]);
    expect(images.map((image) => [image.type, Buffer.compare(Buffer.concat(image.chunks), bytes)])).toEqual([
      [type, 0],
    ]);
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['text', new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ])('refuses %s under any name, and uploads nothing', async (_, bytes) => {
    let uploads = 0;
    await using gateway = await startGateway({
      uploadImage: async () => {
        uploads += 1;
        return { type: 'uploaded', url: URL };
      },
    });
    expect(codeOf(await postUpload(gateway.url, bytes))).toBe('BAD_USER_INPUT');
    expect(uploads).toBe(0);
  });

  it.each([
    [null, {}],
    [1, { retryAfterSeconds: 1 }],
    [2001, { retryAfterSeconds: 3 }],
  ])(
    'reports that the upstream failed, without its message, and when to try again: %s',
    async (retryAfterMs, more) => {
      await using gateway = await startGateway({
        uploadImage: async () => ({ type: 'failed', reason: 'secret', retryAfterMs }),
      });
      const { text } = await postUpload(gateway.url, PNG);
      expect(text).not.toContain('secret');
      expect(errorOf({ text }).extensions).toEqual({ code: 'UPLOAD_FAILED', ...more });
    },
  );

  it('is allowed once in an operation, as a request has one file', async () => {
    await using gateway = await startGateway();
    const query =
      'mutation ($file: File!) { a: uploadImage(file: $file) { url } b: uploadImage(file: $file) { url } }';
    const operations = JSON.stringify({ query, variables: { file: null } });
    expect(codeOf(await postForm(gateway.url, uploadOf(PNG, { operations })))).toBe('DOCUMENT_TOO_EXPENSIVE');
  });
});

describe('the rate of calls to uploadImage', () => {
  it('is counted by owner, also for wrong files, and apart from generateVideo', async () => {
    await using gateway = await startGateway({
      settings: { GENERATE_RPM_PER_OWNER: '2' },
    });
    expect(codeOf(await postUpload(gateway.url, new Uint8Array()))).toBe('BAD_USER_INPUT');
    expect(codeOf(await postUpload(gateway.url, PNG))).toBeUndefined();
    const { extensions = {} } = errorOf(await postUpload(gateway.url, PNG));
    expect(extensions['code']).toBe('RATE_LIMITED');
    expect(extensions['retryAfterSeconds']).toBeGreaterThan(50);
    expect(extensions['retryAfterSeconds']).toBeLessThanOrEqual(60);
    expect(await generate(gateway.url, INPUT)).toMatchObject({ __typename: 'GenerateVideoSuccess' });
  });

  it('refuses calls that could not be counted', async () => {
    await using gateway = await startGateway({
      storage: { uploadRate: { take: () => Promise.reject(new StoreUnavailableError('secret')) } },
    });
    expect(codeOf(await postUpload(gateway.url, PNG))).toBe('STORE_UNAVAILABLE');
  });
});

describe('a value that is not a file', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const VALUES = [
    'image.png',
    '',
    1,
    null,
    {},
    [],
    { bytes: [137, 80, 78, 71] },
    'data:image/png;base64,iVBORw0KGgo=',
  ];

  it.each(VALUES)('is refused in JSON: %j', async (file) => {
    const answer = await postBody(gateway.url, JSON.stringify({ query: UPLOAD, variables: { file } }));
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it.each(VALUES)('is refused over WebSocket: %j', async (file) => {
    using client = await WsClient.connect(gateway.url);
    client.send({ id: '1', type: 'subscribe', payload: { query: UPLOAD, variables: { file } } });
    const { payload } = await client.next('1');
    expect(JSON.stringify(payload)).toContain('"code":"BAD_USER_INPUT"');
  });

  it('is refused as a literal', async () => {
    const query = 'mutation { uploadImage(file: "image.png") { url } }';
    expect(codeOf(await postBody(gateway.url, JSON.stringify({ query })))).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

function errorOf({ text }: { readonly text: string }): Partial<ClientError> {
  return answerOf(text).errors?.[0] ?? {};
}

function codeOf(answer: { readonly text: string }): unknown {
  return errorOf(answer).extensions?.['code'];
}
