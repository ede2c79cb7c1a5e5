import type { VideoRequest } from '../../../src/domain/request/video-request.ts';
import { SegmindUpstream } from '../../../src/providers/segmind/segmind-upstream.ts';
import type { CallOptions, ResultOutcome, SubmitOutcome } from '../../../src/providers/video-upstream.ts';
import { NO_EVENTS } from '../events.ts';
import type { Reply } from './replies.ts';
import { ScriptedUpstream, type ScriptedUpstreamOptions } from './scripted-upstream.ts';

export const SUBMIT_PATH = '/v2/wan2.1-i2v-480p';
export const HISTORY_PATH = '/inference-request/request-history';
export const API_KEY = 'SG_0123456789abcdef';
export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export const REQUEST: VideoRequest = {
  image: 'https://example.com/cat.png',
  prompt: 'A cat "yawns" — slowly, 😺',
  negativePrompt: 'blurry',
  resolution: 576,
  videoLength: 5,
  steps: 40,
  seed: 7,
  base64: true,
};

/** Options of a call that is answered long before its timeout. */
export function patiently(overrides: Partial<CallOptions> = {}): CallOptions {
  return { timeoutMs: 10_000, signal: new AbortController().signal, ...overrides };
}

/** The adapter under test, connected to this origin. */
export function connectTo(origin: string, apiKey = API_KEY): SegmindUpstream {
  return new SegmindUpstream({
    origin,
    apiKey,
    now: () => NOW,
    events: NO_EVENTS,
    historyUrl: `${origin}${HISTORY_PATH}`,
  });
}

/** A scripted upstream and the adapter that calls it. Disposing ends both. */
export interface Session extends AsyncDisposable {
  readonly server: ScriptedUpstream;
  readonly segmind: SegmindUpstream;
}

export async function openSession(options: ScriptedUpstreamOptions = {}): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await ScriptedUpstream.start(options));
  const segmind = stack.use(connectTo(server.origin));
  const rest = stack.move();
  return { server, segmind, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** A session whose submit is answered by this script. */
export async function submitSession(...replies: Reply[]): Promise<Session> {
  const session = await openSession();
  session.server.on('POST', SUBMIT_PATH, ...replies);
  return session;
}

/** A session whose history answers by this script, for pages and by the id `job-1`. */
export async function historySession(...replies: Reply[]): Promise<Session> {
  const session = await openSession();
  session.server.on('GET', HISTORY_PATH, ...replies.slice());
  session.server.on('GET', `${HISTORY_PATH}/job-1`, ...replies.slice());
  return session;
}

/** A session whose status and result calls for the job `job-1` are answered by this script. */
export async function jobSession(...replies: Reply[]): Promise<Session> {
  const session = await openSession();
  session.server.on('GET', '/v2/requests/job-1/status', ...replies.slice());
  session.server.on('GET', '/v2/requests/job-1', ...replies.slice());
  return session;
}

/** The outcome of a submit with these answers. */
export async function submitTo(...replies: Reply[]): Promise<SubmitOutcome> {
  await using session = await submitSession(...replies);
  return await session.segmind.submit(REQUEST, patiently());
}

/** The outcome of a result call with this answer. */
export async function resultFrom(reply: Reply): Promise<ResultOutcome> {
  await using session = await jobSession(reply);
  return await session.segmind.result('job-1', patiently());
}
