import { type Sender, sendWithToken } from '../connection/post.ts';
import { errorOf } from '../connection/result-errors.ts';
import type { UploadImageMutation } from '../documents.ts';
import { UPLOAD_IMAGE } from '../operations.ts';
import type { UploadedImage } from '../types.ts';
import { sendForm } from './send-form.ts';

/** Milliseconds for an upload beside the time for its bytes: the gateway may need 60 seconds for its own transfer. */
const UPLOAD_MS = 90_000;
/** The gateway refuses slower uploads. */
const MIN_BYTES_PER_MS = 16;

/**
 * Uploads an image once, by the GraphQL multipart request specification.
 *
 * @throws ReelgateError; the reason of `signal`
 */
export async function postImage(
  sender: Sender,
  file: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<UploadedImage> {
  const body = new FormData();
  body.set('operations', JSON.stringify({ query: UPLOAD_IMAGE, variables: { file: null } }));
  body.set('map', '{"0":["variables.file"]}');
  body.set('0', file);
  const { data, errors } = await sendWithToken<UploadImageMutation>(
    sender,
    (url, headers, aborted) => sendForm({ url, headers, body, onProgress, signal: aborted }),
    UPLOAD_MS + file.size / MIN_BYTES_PER_MS,
    signal,
  );
  if (data == null) throw errorOf(errors);
  return data.uploadImage;
}
