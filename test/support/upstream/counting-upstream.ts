import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** An upstream that counts submissions. A job is completed at its second status call. */
export interface CountingUpstream extends AsyncDisposable {
  readonly url: string;
  /** Submissions by prompt. */
  readonly submits: ReadonlyMap<string, number>;
  /** The bodies and API keys of all submissions. */
  readonly payloads: readonly { readonly body: unknown; readonly key: string | undefined }[];
  /** The response to a submission, if it is not a success. */
  refuse: ((prompt: string) => { status: number; body: string } | null) | null;
}

const MOVIE = 'https://cdn.example.com/movie.mp4';

export async function startCountingUpstream(submitDelayMs = 0): Promise<CountingUpstream> {
  const submits = new Map<string, number>();
  const payloads: { body: unknown; key: string | undefined }[] = [];
  const polls = new Map<string, number>();
  const upstream = { refuse: null as CountingUpstream['refuse'] };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    if (request.method === 'POST') {
      const body: { prompt: string } = JSON.parse(await text(request));
      payloads.push({ body, key: request.headers['x-api-key']?.toString() });
      submits.set(body.prompt, (submits.get(body.prompt) ?? 0) + 1);
      await delay(submitDelayMs);
      const refusal = upstream.refuse?.(body.prompt) ?? null;
      const id = Buffer.from(`${body.prompt}-${polls.size}`).toString('hex');
      if (refusal !== null) answer(response, refusal.status, refusal.body);
      else answer(response, 200, JSON.stringify({ request_id: id, status: 'QUEUED' }));
      polls.set(id, 0);
      return;
    }
    const id = path.split('/')[3] ?? '';
    const count = polls.get(id);
    if (count === undefined)
      return answer(response, 404, JSON.stringify({ error: `Request ${id} not found` }));
    if (!path.endsWith('/status')) {
      return answer(
        response,
        200,
        JSON.stringify({ status: 'COMPLETED', video: { url: MOVIE, file_size: '1234' } }),
      );
    }
    polls.set(id, count + 1);
    const word = count === 0 ? 'PROCESSING' : 'COMPLETED';
    answer(response, 200, JSON.stringify({ status: word, metrics: {} }));
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The upstream has no address.');
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${address.port}`,
    submits,
    payloads,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
