import { abortScope } from '../connection/abort.ts';
import type { OperationResult } from '../connection/connection.ts';
import { endpointUrl } from '../connection/endpoint.ts';
import { ACCEPT, authorization, resultOf, unreachable } from '../connection/http.ts';
import type { Sender } from '../connection/post.ts';
import type { UploadImageMutation } from '../documents.ts';
import { UPLOAD_IMAGE } from '../operations.ts';

/** Milliseconds for an upload, the gateway's own transfer included. */
const UPLOAD_MS = 600_000;

/**
 * Uploads an image once, by the GraphQL multipart request specification.
 *
 * @throws ReelgateError without a GraphQL result; the reason of `signal`
 */
export async function postImage(
  { url, tokens, closed }: Sender,
  file: Blob,
  onProgress: (share: number) => void,
  signal?: AbortSignal,
): Promise<OperationResult<UploadImageMutation>> {
  const endpoint = endpointUrl(url);
  const timedOut = (): Error => unreachable(endpoint, new Error('The upload took too long.'));
  const scope = abortScope([closed, signal], { ms: UPLOAD_MS, reason: timedOut });
  const failed = (error: unknown): never => {
    throw scope.signal.aborted ? scope.signal.reason : unreachable(endpoint, error);
  };
  try {
    scope.signal.throwIfAborted();
    const token = await tokens.get(scope.signal);
    const body = new FormData();
    body.set('operations', JSON.stringify({ query: UPLOAD_IMAGE, variables: { file: null } }));
    body.set('map', '{"0":["variables.file"]}');
    body.set('0', file);
    onProgress(0);
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: ACCEPT, ...authorization(token) },
      body,
      signal: scope.signal,
    }).catch(failed);
    const text = await response.text().catch(failed);
    onProgress(1);
    return resultOf({ status: response.status, retryAfter: response.headers.get('retry-after'), text });
  } finally {
    scope.release();
  }
}
