import { abortScope, orAbort } from '../connection/abort.ts';
import { endpointUrl } from '../connection/endpoint.ts';
import { ACCEPT, authorization, resultOf, unreachable } from '../connection/http.ts';
import type { Sender } from '../connection/post.ts';
import { errorOf } from '../connection/result-errors.ts';
import type { UploadImageMutation } from '../documents.ts';
import { UPLOAD_IMAGE } from '../operations.ts';
import type { UploadedImage } from '../types.ts';
import { sendForm } from './send-form.ts';

/** Milliseconds for an upload. The gateway's own limit is 12 minutes. */
const UPLOAD_MS = 780_000;

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
  const { tokens } = sender;
  const url = endpointUrl(sender.url);
  const timedOut = (): Error => unreachable(url, new Error('The upload took too long.'));
  const scope = abortScope([sender.closed, signal], { ms: UPLOAD_MS, reason: timedOut });
  const send = async (): Promise<UploadedImage> => {
    scope.signal.throwIfAborted();
    const token = await tokens.get(scope.signal);
    const body = new FormData();
    body.set('operations', JSON.stringify({ query: UPLOAD_IMAGE, variables: { file: null } }));
    body.set('map', '{"0":["variables.file"]}');
    body.set('0', file);
    const headers = { accept: ACCEPT, ...authorization(token) };
    const answer = await sendForm({ url, headers, body, onProgress, signal: scope.signal });
    const { data, errors = [] } = resultOf<UploadImageMutation>(answer);
    if (data == null) throw errorOf(errors);
    return data.uploadImage;
  };
  try {
    return await orAbort(
      send().catch((error: unknown) => {
        const isRefused = error instanceof Error && 'code' in error && error.code === 'UNAUTHENTICATED';
        if (isRefused && tokens.isRenewable) return send();
        throw error;
      }),
      scope.signal,
    );
  } finally {
    scope.release();
  }
}
