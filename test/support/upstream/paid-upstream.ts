import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnFreePort } from '../network/ports.ts';

/** A request at the upstream. Each one is a video that is charged. */
export interface PaidRequest {
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** When it appears in the history, in epoch milliseconds. */
  readonly shownAt: number;
  /** A teammate's request: the history lists it and refuses it by id. */
  readonly isForeign: boolean;
}

/** The behaviours that a prompt can ask for, in braces: `{lost}`. */
const BEHAVIOURS = [
  // The request is created and the answer to the POST is lost, in one of four ways.
  'lost',
  'hang',
  '504',
  'garbled',
  // Permanently: an unknown status; 503 and 500 in JSON for a submit; truncated results; 502 in HTML for a status.
  'warming',
  'down',
  '500',
  'unreadable',
  'html',
  // Status calls are never answered.
  'mute',
] as const;

type Behaviour = (typeof BEHAVIOURS)[number];

/** Options of the upstream. */
export interface PaidUpstreamOptions {
  /** Milliseconds from submission to completion. @default 2000 */
  readonly runMs?: number;
  /** Milliseconds until a request appears in the history. @default 0 */
  readonly historyLagMs?: () => number;
  /** Whether a teammate sends each request too, with equal inputs. @default false */
  readonly hasTeammates?: boolean;
  /** Milliseconds from the creation of a request to the answer to its POST. @default 0 */
  readonly answerMs?: number;
}

const MODEL = 'wan2.1-i2v-480p';
const HISTORY = '/inference-request/request-history';

/** A model API over HTTP that records its requests and fails as the prompts ask. */
export class PaidUpstream implements AsyncDisposable {
  readonly requests = new Map<string, PaidRequest>();
  /** The prompts of all POSTs, in order. */
  readonly posts: string[] = [];
  /** When each prompt was first submitted, in epoch milliseconds. */
  readonly submittedAt = new Map<string, number>();
  url = '';
  readonly #options: PaidUpstreamOptions;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  private constructor(options: PaidUpstreamOptions) {
    this.#options = options;
  }

  static async start(options: PaidUpstreamOptions = {}): Promise<PaidUpstream> {
    const upstream = new PaidUpstream(options);
    upstream.url = `http://127.0.0.1:${await listenOnFreePort(upstream.#server)}`;
    return upstream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'POST') return this.#submit(await text(request), response, json);
    if (url.pathname === HISTORY) return json(200, this.#page(url.searchParams));
    if (url.pathname.startsWith(HISTORY)) {
      const found = this.requests.get(url.pathname.slice(HISTORY.length + 1));
      if (found === undefined || found.shownAt > Date.now()) return json(404, { error: 'Request not found' });
      if (found.isForeign) return json(403, { error: 'This request belongs to another user' });
      return json(200, this.#row(found));
    }
    const [, , , id = '', word] = url.pathname.split('/');
    const found = this.requests.get(id);
    if (found === undefined) return json(404, { error: `Request ${id} not found` });
    this.#answer(found, word === 'status', response, json);
  }

  #submit(body: string, response: ServerResponse, json: (status: number, body: unknown) => void): void {
    const inputs: Readonly<Record<string, unknown>> = JSON.parse(body);
    const prompt = String(inputs['prompt']);
    this.posts.push(prompt);
    if (!this.submittedAt.has(prompt)) this.submittedAt.set(prompt, Date.now());
    const behaviour = behaviourOf(inputs);
    if (behaviour === 'down') return json(503, { error: 'Service unavailable' });
    if (behaviour === '500') return json(500, { error: 'Internal server error' });
    const created = this.#create(inputs, false);
    if (this.#options.hasTeammates === true) this.#create(inputs, true);
    const answer = { request_id: created.id, status: 'QUEUED' };
    if (behaviour === 'lost') return void response.socket?.destroy();
    if (behaviour === 'hang') return;
    if (behaviour === '504') {
      return void response.writeHead(504, { 'content-type': 'text/html' }).end('<html>504</html>');
    }
    if (behaviour === 'garbled') {
      const half = JSON.stringify(answer).slice(0, 20);
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(half);
    }
    setTimeout(() => json(200, answer), this.#options.answerMs ?? 0);
  }

  #create(inputs: PaidRequest['inputs'], isForeign: boolean): PaidRequest {
    const id = crypto.randomUUID().replaceAll('-', '');
    const now = Date.now();
    const shownAt = now + (this.#options.historyLagMs?.() ?? 0);
    const created = { id, inputs, createdAt: now, shownAt, isForeign };
    this.requests.set(id, created);
    return created;
  }

  #answer(
    found: PaidRequest,
    isStatus: boolean,
    response: ServerResponse,
    json: (status: number, body: unknown) => void,
  ): void {
    const behaviour = behaviourOf(found.inputs);
    const isDone = this.#isDone(found);
    if (isStatus && behaviour === 'mute') return;
    if (isStatus && behaviour === 'warming') return json(200, { status: 'WARMING_UP', request_id: found.id });
    if (isStatus && behaviour === 'html') {
      return void response
        .writeHead(502, { 'content-type': 'text/html' })
        .end('<html>502 Bad Gateway</html>');
    }
    if (!isDone) return json(200, { status: 'PROCESSING', request_id: found.id, metrics: {} });
    if (isStatus) return json(200, { status: 'COMPLETED', request_id: found.id, metrics: { cost: 0.53 } });
    if (behaviour === 'unreadable') {
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"COMPL');
    }
    json(200, { status: 'COMPLETED', video: { url: videoOf(found) }, output: videoOf(found) });
  }

  #page(query: URLSearchParams): unknown {
    const size = Number(query.get('per_page') ?? 20);
    const page = Number(query.get('page') ?? 1);
    const shown = [...this.requests.values()].filter(({ shownAt }) => shownAt <= Date.now());
    const rows = shown.toSorted((a, b) => b.createdAt - a.createdAt).slice((page - 1) * size, page * size);
    return { data: rows.map((one) => this.#row(one)), page, per_page: size, total: shown.length };
  }

  #row(one: PaidRequest): unknown {
    const isDone = this.#isDone(one) && behaviourOf(one.inputs) !== 'warming';
    return {
      request_id: one.id,
      model_name: MODEL,
      model_status: isDone ? 'COMPLETED' : 'PENDING',
      credits_deduction: isDone ? 0.53 : null,
      request_body: { ...one.inputs, resolution: String(one.inputs['resolution']), webhook: null },
      generation_url: isDone ? videoOf(one) : null,
      model_created: new Date(one.createdAt).toISOString(),
    };
  }

  #isDone({ createdAt }: PaidRequest): boolean {
    return Date.now() - createdAt >= (this.#options.runMs ?? 2000);
  }
}

/** The behaviour that a prompt asks for; null: none. */
function behaviourOf(inputs: PaidRequest['inputs']): Behaviour | null {
  const prompt = String(inputs['prompt']);
  return BEHAVIOURS.find((name) => prompt.includes(`{${name}}`)) ?? null;
}

function videoOf({ id }: PaidRequest): string {
  return `https://files.example.com/${id}.mp4`;
}
