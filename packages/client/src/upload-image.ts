import { type GraphQLFormattedError, print } from 'graphql';
import { UploadImageDocument, type UploadImageMutation } from './documents.ts';
import { errorCode } from './error-code.ts';

/** Where to upload, and as whom. */
export interface UploadImageOptions {
  /** @default '/graphql' */
  readonly url?: string;
  /** A bearer token. @default none */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

/** The gateway refused an image. `code` is its `extensions.code`; the message is for people. */
export class UploadImageError extends Error {
  override readonly name = 'UploadImageError';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

interface Answer {
  readonly data?: UploadImageMutation | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

/**
 * Sends a local image to the gateway, by the GraphQL multipart request specification.
 *
 * @returns where the upstream can fetch it: the `image` of a GenerateVideoInput
 * @throws UploadImageError when the gateway refuses it; the reason of `signal`; a TypeError when there is no connection
 */
export async function uploadImage(
  file: Blob,
  { url = '/graphql', token = null, signal }: UploadImageOptions = {},
): Promise<UploadImageMutation['uploadImage']> {
  // Node's fetch throws past its caller when it is given a form and a signal that was aborted before.
  signal?.throwIfAborted();
  const body = new FormData();
  body.set('operations', JSON.stringify({ query: print(UploadImageDocument), variables: { file: null } }));
  body.set('map', JSON.stringify({ 0: ['variables.file'] }));
  body.set('0', file);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
  const { data, errors }: Answer = await answer.json().catch(() => ({}));
  if (data != null) return data.uploadImage;
  const [error] = errors ?? [];
  throw new UploadImageError(
    error?.message ?? `The gateway answered HTTP ${answer.status}.`,
    errorCode(error),
  );
}
