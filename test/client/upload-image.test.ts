import { uploadImage } from '@reelgate/client/upload-image';
import { expect, test } from 'vitest';
import { SIGN_IN, signToken } from '../auth/tokens.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { MIB, PNG, pngOf } from '../support/gateway/upload.ts';

test('a PNG becomes a URL', async () => {
  const sent: { readonly type: string; readonly bytes: Buffer }[] = [];
  await using gateway = await startGateway({
    uploadImage: async (image) => {
      sent.push({ type: image.type, bytes: Buffer.concat(image.chunks) });
      return { type: 'uploaded', url: 'https://files.example.com/cat.png' };
    },
  });
  const uploaded = await uploadImage(new Blob([PNG]), { url: `${gateway.url}/graphql` });
  expect(uploaded).toEqual({
    url: 'https://files.example.com/cat.png',
    contentType: 'image/png',
    byteLength: PNG.length,
  });
  expect(sent.map(({ type, bytes }) => [type, [...bytes]])).toEqual([['image/png', [...PNG]]]);
});

test.each([
  ['not an image', new TextEncoder().encode('no image'), 'BAD_USER_INPUT'],
  ['empty', new Uint8Array(), 'BAD_USER_INPUT'],
  ['too large', pngOf(10 * MIB + 1), 'REQUEST_ENTITY_TOO_LARGE'],
])('a file that is %s is rejected with the gateway’s error code', async (_, bytes, code) => {
  await using gateway = await startGateway();
  const upload = uploadImage(new Blob([bytes]), { url: `${gateway.url}/graphql` });
  await expect(upload).rejects.toMatchObject({ name: 'UploadImageError', code });
});

test('with authentication a token is required', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const url = `${gateway.url}/graphql`;
  await expect(uploadImage(new Blob([PNG]), { url })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await uploadImage(new Blob([PNG]), { url, token: await signToken() })).toMatchObject({
    contentType: 'image/png',
  });
});

test('a response that is not GraphQL rejects with its HTTP status', async () => {
  await using gateway = await startGateway();
  const upload = uploadImage(new Blob([PNG]), { url: `${gateway.url}/nowhere` });
  await expect(upload).rejects.toMatchObject({ code: 'UNKNOWN', message: 'The gateway answered HTTP 404.' });
});

test('an unreachable gateway rejects with a TypeError, an abort with its reason', async () => {
  await using gateway = await startGateway();
  await gateway.stop();
  const url = `${gateway.url}/graphql`;
  await expect(uploadImage(new Blob([PNG]), { url })).rejects.toBeInstanceOf(TypeError);
  const signal = AbortSignal.abort(new Error('changed my mind'));
  await expect(uploadImage(new Blob([PNG]), { url, signal })).rejects.toThrow('changed my mind');
});
