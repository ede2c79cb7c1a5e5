import { type GraphQLFormattedError, print } from 'graphql';
import { UploadImageDocument, type UploadImageMutation } from './documents.ts';
import { errorCode } from './error-code.ts';

export interface UploadImageOptions {
  /** @default '/graphql' */
  readonly url?: string;
  /** A bearer token. @default none */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

/** The gateway refused an image. `code` is the error's `extensions.code`; the message can be shown to users. */
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
 * Uploads a local image to the gateway, by the GraphQL multipart request specification.
 *
 * @returns the URL for `image` of a GenerateVideoInput, with type and size
 * @throws UploadImageError when the gateway refuses the image; the reason of `signal`; a TypeError when the gateway cannot be reached
 */
export async function uploadImage(
  file: Blob,
  { url = '/graphql', token = null, signal }: UploadImageOptions = {},
): Promise<UploadImageMutation['uploadImage']> {
  // Node's fetch causes an unhandled rejection when it gets a form and an aborted signal.
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
