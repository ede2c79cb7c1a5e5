import { SignJWT } from 'jose';

/** For HS256: at least 32 bytes. */
export const JWT_SECRET = 'a secret of the tests, long enough for HS256';

/** Ends a request that hangs: the streams of a busy machine may take long. */
const DEADLINE_MS = 45_000;

/** The fields of a job that the tests read. */
export interface RoutedJob {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly isTerminal: boolean;
}

/** A router's response. */
export interface RoutedAnswer<T> {
  readonly data?: T | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

const JOB_FIELDS = 'id version status isTerminal';
const WATCH = `subscription ($id: ID!, $sinceVersion: Int) { videoJobUpdated(id: $id, sinceVersion: $sinceVersion) { ${JOB_FIELDS} } }`;
const GENERATE = `mutation ($input: GenerateVideoInput!) {
  generateVideo(input: $input) { __typename ... on GenerateVideoSuccess { job { ${JOB_FIELDS} } } ... on GenerateVideoError { code message } }
}`;

/** A token with every scope. */
async function token(): Promise<string> {
  return new SignJWT({ scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(JWT_SECRET));
}

async function send(url: string, accept: string, query: string, variables: object): Promise<Response> {
  return post(url, { accept, authorization: `Bearer ${await token()}` }, query, variables);
}

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  query: string,
  variables: object,
): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
}

/** Runs a query or a mutation. */
export async function ask<T>(url: string, query: string, variables: object = {}): Promise<RoutedAnswer<T>> {
  const response = await send(url, 'application/json', query, variables);
  const answer: RoutedAnswer<T> = await response.json();
  return answer;
}

/** Runs a query or a mutation of a caller without a token. */
export async function askWithoutToken<T>(url: string, query: string): Promise<RoutedAnswer<T>> {
  const response = await post(url, { accept: 'application/json' }, query, {});
  const answer: RoutedAnswer<T> = await response.json();
  return answer;
}

/** Submits a job. Rejects when it is not accepted. */
export async function generateRouted(url: string, prompt: string): Promise<RoutedJob> {
  const input = { image: 'https://example.com/cat.png', prompt };
  const answer = await ask<{ generateVideo: { job?: RoutedJob } }>(url, GENERATE, { input });
  const job = answer.data?.generateVideo.job;
  if (job === undefined) throw new Error(`Not accepted: ${JSON.stringify(answer)}`);
  return job;
}

/** Watches a job by server-sent events until the stream ends. Yields results with errors too. */
export async function* watchRouted(
  url: string,
  id: string,
  sinceVersion = 0,
): AsyncGenerator<RoutedAnswer<{ videoJobUpdated: RoutedJob }>> {
  const response = await send(url, 'text/event-stream', WATCH, { id, sinceVersion });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    // Grafbase ends lines with CRLF and writes no space after the colon.
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^event: ?next\r?\ndata: ?(.*)$/m.exec(block)?.[1];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}
