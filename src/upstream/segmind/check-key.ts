import { readAnswer } from './answers/answer.ts';
import { HttpClient, type HttpClientOptions } from './http/http-client.ts';
import type { CallOptions } from '../video-upstream.ts';

/** Tells the credits; free of charge [docs]. */
const CREDITS_PATH = '/v1/get-user-credits';
const MAX_ANSWER_BYTES = 64 * 1024;

/** What the upstream says of a key. */
export type KeyOutcome =
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly reason: string }
  /** It did not say. */
  | { readonly type: 'unknown'; readonly reason: string };

/** Asks once, for the credits, whether the key is good. Never throws. */
export async function checkKey(http: HttpClientOptions, call: CallOptions): Promise<KeyOutcome> {
  await using client = new HttpClient(http);
  const answer = await client.call({
    ...call,
    method: 'GET',
    path: CREDITS_PATH,
    maxBodyBytes: MAX_ANSWER_BYTES,
  });
  if (answer.type !== 'answered') return { type: 'unknown', reason: answer.reason };
  const { status, words, isHtml } = readAnswer(answer);
  const reason = `HTTP ${status}${words === null ? '' : `: ${words}`}`;
  if (status >= 200 && status < 300) return { type: 'accepted' };
  // A page for people comes from something in front of the API, such as a firewall.
  const isRefused = (status === 401 || status === 403) && !isHtml;
  return { type: isRefused ? 'refused' : 'unknown', reason };
}
