import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/network/ports.ts';

export type Settings = Readonly<Record<string, string>>;

const START_DEADLINE_MS = 60_000;
const POLL_MS = 100;
/** Characters of the output that are kept. */
const MAX_OUTPUT = 500_000;

/** A gateway that is killed and started again on the same ports, so that it stays the same target of Prometheus. */
export class ChaosGateway implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** `host:port` of its metrics. */
  readonly metrics: string;
  readonly #settings: Settings;
  #child: ChildProcess | null = null;
  #output = '';

  private constructor(name: string, settings: Settings, port: number, metricsPort: number) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.metrics = `127.0.0.1:${metricsPort}`;
    this.#settings = { ...settings, PORT: String(port), METRICS_PORT: String(metricsPort) };
  }

  static async start(name: string, settings: Settings): Promise<ChaosGateway> {
    const gateway = new ChaosGateway(name, settings, await freePort(), await freePort());
    await gateway.start();
    return gateway;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The last part of its output. */
  get output(): string {
    return this.#output;
  }

  /** @param changes to its settings, for this start only */
  async start(changes: Settings = {}): Promise<void> {
    const child = this.#spawn(changes);
    const until = Date.now() + START_DEADLINE_MS;
    while (!(await this.isReady())) {
      if (child.exitCode !== null || Date.now() > until) {
        throw new Error(`${this.name} did not start:\n${this.#output.slice(-5000)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Starts it with settings that it refuses, and waits for its exit. @throws Error when the exit code is not 1 */
  async startInVain(changes: Settings): Promise<void> {
    const child = this.#spawn(changes);
    const [code] = await once(child, 'close', { signal: AbortSignal.timeout(START_DEADLINE_MS) });
    this.#child = null;
    if (code !== 1) throw new Error(`${this.name} exited with ${code}:\n${this.#output.slice(-5000)}`);
  }

  async isReady(): Promise<boolean> {
    try {
      const { ok } = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(3000) });
      return ok;
    } catch {
      return false;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it by a signal and waits for its exit. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.stdout?.resume();
    child.kill(signal);
    await closed;
  }

  /** Stops reading its log. */
  pauseLog(): void {
    this.#child?.stdout?.pause();
  }

  resumeLog(): void {
    this.#child?.stdout?.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  #spawn(changes: Settings): ChildProcess {
    const child = spawn(process.execPath, ['src/main.ts'], {
      env: { PATH: process.env['PATH'], ...this.#settings, ...changes },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (text: string) => {
      this.#output = (this.#output + text).slice(-MAX_OUTPUT);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    this.#child = child;
    return child;
  }
}
