import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnFreePort } from '../../test/support/network/ports.ts';

/** What a receiver does. `hanging` and `down` come back; `redirecting` and `gone` never accept a message. */
export const KINDS = ['good', 'flaky', 'busy', 'hanging', 'down', 'redirecting', 'gone'] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds that accept every message in the end. */
export const LIVING: readonly Kind[] = ['good', 'flaky', 'busy', 'hanging', 'down'];

/** Failures of one message at the flaky receiver: after more of them the pauses are longer than the run. */
const MAX_FAILURES = 4;

/** What has arrived about one job. */
interface Arrivals {
  requests: number;
  accepted: number;
  /** Milliseconds from the end of the job to the first acceptance; null: none yet. */
  delayMs: number | null;
  /** Requests that have no answer yet. */
  open: number;
  readonly ids: Set<string>;
  readonly bodies: Set<string>;
}

/** A receiver on its own origin. */
export class Receiver implements Disposable {
  readonly kind: Kind;
  /** By the number of the job. */
  readonly arrivals = new Map<number, Arrivals>();
  /** Messages about jobs that have another target. */
  wrong = 0;
  /** Requests that began while another about the same job had no answer. */
  overlaps = 0;
  readonly #redirectTo: string;
  readonly #server = createServer((request, response) => {
    this.#receive(request, response).catch(() => response.destroy());
  });
  #port = 0;
  #isBack = false;

  private constructor(kind: Kind, redirectTo: string) {
    this.kind = kind;
    this.#redirectTo = redirectTo;
  }

  static async start(kind: Kind, redirectTo: string): Promise<Receiver> {
    const receiver = new Receiver(kind, redirectTo);
    receiver.#port = await listenOnFreePort(receiver.#server);
    if (kind === 'down') receiver.#server.close();
    return receiver;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  urlOf(job: number): string {
    return `${this.origin}/hook/${job}`;
  }

  /** Ends its failure, if it has one that ends. */
  comeBack(): void {
    this.#isBack = true;
    if (this.kind === 'down') this.#server.listen(this.#port, '127.0.0.1');
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { timestamp, data }: { timestamp: string; data: { request: { prompt: string } } } =
      JSON.parse(body);
    const job = Number(/\d+/.exec(data.request.prompt)?.[0]);
    if (request.url !== `/hook/${job}`) this.wrong += 1;
    const arrivals = this.#arrivalsOf(job);
    if (arrivals.open > 0) this.overlaps += 1;
    arrivals.requests += 1;
    arrivals.open += 1;
    response.once('close', () => {
      arrivals.open -= 1;
    });
    arrivals.ids.add(String(request.headers['webhook-id']));
    arrivals.bodies.add(body);
    if (!this.#answer(response, arrivals.requests)) return;
    arrivals.accepted += 1;
    arrivals.delayMs ??= Date.now() - Date.parse(timestamp);
  }

  /** @param requests about this job so far @returns whether it has accepted the message */
  #answer(response: ServerResponse, requests: number): boolean {
    const { kind } = this;
    const chance = requests > MAX_FAILURES ? 1 : Math.random();
    if (kind === 'redirecting') response.writeHead(307, { location: this.#redirectTo }).end();
    else if (kind === 'gone') response.writeHead(410).end();
    else if (kind === 'busy' && requests === 1) response.writeHead(429, { 'retry-after': '2' }).end();
    else if (kind === 'flaky' && chance < 0.1) response.destroy();
    else if (kind === 'flaky' && chance < 0.2) response.writeHead(500).end();
    else if (kind !== 'hanging' || this.#isBack) {
      response.writeHead(204).end();
      return true;
    }
    return false;
  }

  #arrivalsOf(job: number): Arrivals {
    const known = this.arrivals.get(job);
    if (known !== undefined) return known;
    const none = {
      requests: 0,
      accepted: 0,
      delayMs: null,
      open: 0,
      ids: new Set<string>(),
      bodies: new Set<string>(),
    };
    this.arrivals.set(job, none);
    return none;
  }
}
