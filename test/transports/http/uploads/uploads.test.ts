import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { UploadedFile } from '../../../../src/graphql/types/scalars.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { exchange } from '../../../support/gateway/http.ts';
import {
  formHead,
  PNG,
  postForm,
  postUpload,
  rawForm,
  refusalOf,
  UPLOAD,
  uploadOf,
} from '../../../support/gateway/upload.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { sharedGateway } from '../shared-gateway.ts';

const APP = 'https://app.example.com';
const gateway = sharedGateway({ settings: { CORS_ORIGINS: APP } });

describe('a form is accepted', () => {
  it('with its parts in any order', async () => {
    const answer = await postForm(gateway.url, [...uploadOf(PNG)].toReversed());
    expect(refusalOf(answer)).toEqual([200, undefined]);
  });

  it('with the file deep in the variables', async () => {
    const query = 'mutation ($a: File!) { uploadImage(file: $a) { url } }';
    const parts = uploadOf(PNG, {
      operations: JSON.stringify({ query, variables: { a: null, b: [{ c: null }] } }),
      map: '{"0":["variables.b.0.c"]}',
    });
    // The file is put into the other variable, so the argument of the field is null.
    expect(refusalOf(await postForm(gateway.url, parts))).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('several times on one connection, also after a refused one', async () => {
    const small = rawForm(uploadOf(PNG));
    const bad = rawForm(uploadOf(PNG, { map: '{}' }));
    const requests = [small, bad, small].map((form) => [formHead([`content-length: ${form.length}`]), form]);
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

describe('with trusted documents a form', () => {
  it('is accepted with the id or text of one, and refused with another text', async () => {
    using folder = tempFolder();
    const file = join(folder.path, 'documents.json');
    writeFileSync(file, JSON.stringify({ upload: UPLOAD }));
    await using strict = await startGateway({ settings: { TRUSTED_DOCUMENTS_FILE: file } });
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

describe('a form of a page', () => {
  it.each(['https://evil.example', 'null', 'http://app.example.com', 'https://app.example.com.evil.example'])(
    'is refused when the origin of the page is %s, as no preflight request is needed',
    async (origin) => {
      const answer = await postForm(gateway.url, uploadOf(PNG), { headers: { origin } });
      expect(refusalOf(answer)).toEqual([403, 'CROSS_ORIGIN']);
    },
  );

  it('is accepted from the gateway’s own origin and from an origin in CORS_ORIGINS', async () => {
    for (const origin of [gateway.url, APP]) {
      const answer = await postForm(gateway.url, uploadOf(PNG), { headers: { origin } });
      expect(refusalOf(answer)).toEqual([200, undefined]);
    }
  });
});

it('a file is released when its request is answered, even if the variables are still referenced', async () => {
  using discard = vi.spyOn(UploadedFile.prototype, 'discard');
  expect(refusalOf(await postUpload(gateway.url, PNG))).toEqual([200, undefined]);
  const files = discard.mock.contexts.filter((file) => file instanceof UploadedFile);
  expect(files.map(({ chunks }) => chunks.length)).toEqual([0]);
});

describe('concurrent uploads', () => {
  it('are limited to four per owner; a fifth is refused with Retry-After', async () => {
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
    // An upload counts until it has ended, also when its client has disconnected.
    const refused = await postUpload(busy.url, PNG);
    expect(refusalOf(refused)).toEqual([503, 'TOO_MANY_UPLOADS']);
    expect(refused.headers.get('retry-after')).toBe('1');
    gate.resolve();
    for (const answer of await Promise.all(others)) expect(refusalOf(answer)).toEqual([200, undefined]);
    const again = await Promise.all([1, 2, 3, 4].map(() => postUpload(busy.url, PNG)));
    expect(again.map(refusalOf)).toEqual(Array.from({ length: 4 }, () => [200, undefined]));
  });

  it('end when their clients disconnect in the middle', async () => {
    const form = rawForm(uploadOf(PNG));
    for (let sent = 0; sent < 12; sent += 1) {
      await sendHalf(`${formHead([`content-length: ${form.length}`])}${form.toString('latin1', 0, 50)}`);
    }
    await expect.poll(async () => (await postUpload(gateway.url, PNG)).status).toBe(200);
  });
});

/** Sends bytes and disconnects. */
async function sendHalf(bytes: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.write(bytes, 'latin1', () => socket.destroy());
  await promise;
}
