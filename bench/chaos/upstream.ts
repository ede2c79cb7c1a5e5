import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { freePort } from '../../test/support/network/ports.ts';
import { StoppableServer } from './stoppable-server.ts';

/** What a request gets instead of the sandbox's answer: a status, or no answer. */
type Fault = number | 'hang';

const SPEED = '8';
const HISTORY_LAG_MS = '200';

/** The sandbox in its own process, behind a server that can refuse some requests or be down. */
export class ChaosUpstream implements AsyncDisposable {
  /** The fault of a request by its path; null: none. */
  fault: ((path: string) => Fault | null) | null = null;
  readonly #resources: AsyncDisposableStack;
  readonly #server: StoppableServer;
  #requests = 0;

  private constructor(resources: AsyncDisposableStack, server: StoppableServer) {
    this.#resources = resources;
    this.#server = server;
  }

  static async start(folder: string): Promise<ChaosUpstream> {
    await using resources = new AsyncDisposableStack();
    const port = await freePort();
    const agent = new Agent({ keepAlive: true });
    resources.defer(() => agent.destroy());
    let upstream: ChaosUpstream | null = null;
    const server = resources.use(
      await StoppableServer.start(async (request, response) =>
        upstream?.serve(request, response, agent, port),
      ),
    );
    const options = ['--port', String(port), '--public-url', server.origin, '--folder', folder];
    const child = spawn(
      process.execPath,
      ['packages/sandbox/src/main.ts', ...options, '--history-lag', HISTORY_LAG_MS],
      { env: { PATH: process.env['PATH'], SANDBOX_SPEED: SPEED }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const closed = once(child, 'close');
    resources.defer(async () => {
      child.kill('SIGKILL');
      await closed;
    });
    await Promise.race([
      once(child.stdout, 'data'),
      closed.then(() => {
        throw new Error('The sandbox did not start.');
      }),
    ]);
    child.stdout.resume();
    upstream = new ChaosUpstream(resources.move(), server);
    return upstream;
  }

  get origin(): string {
    return this.#server.origin;
  }

  /** Requests so far. */
  get requests(): number {
    return this.#requests;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  restart(): Promise<void> {
    return this.#server.restart();
  }

  cut(): void {
    this.#server.cut();
  }

  async serve(request: IncomingMessage, response: ServerResponse, agent: Agent, port: number): Promise<void> {
    this.#requests += 1;
    const path = request.url ?? '/';
    const fault = this.fault?.(path) ?? null;
    if (fault === 'hang') return;
    if (fault !== null) {
      request.resume();
      response.writeHead(fault, { 'content-type': 'application/json' }).end('{"error":"A fault"}');
      return;
    }
    const { method, headers } = request;
    const forwarded = send({ agent, port, host: '127.0.0.1', path, method, headers });
    const answered = once(forwarded, 'response');
    await Promise.all([
      pipeline(request, forwarded),
      answered.then(async ([answer]: IncomingMessage[]) => {
        if (answer === undefined) throw new Error('The sandbox gave no answer.');
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        await pipeline(answer, response);
      }),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
