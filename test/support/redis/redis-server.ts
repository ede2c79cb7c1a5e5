import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Certificate } from '../network/certificates.ts';
import { REDIS, requireProgram } from '../process/programs.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';

export interface RedisServerOptions {
  /** Keeps its data when it is killed. @default false */
  readonly appendOnly?: boolean;
  /** More settings, as on the command line. @default [] */
  readonly settings?: readonly string[];
  /** It speaks TLS as well, at its `tlsPort`. */
  readonly certificate?: Certificate;
}

/** Below the ephemeral ports, also with the 10,000 that a cluster's bus adds. */
const PORTS = { min: 12_000, max: 22_000 };
/** Starts the server, prints its process id, and kills it when the input of the shell ends, also when the tests were killed. */
const KEEPER = '"$@" & echo "pid $!"; cat >/dev/null; kill -9 $!; wait $!';

/** A Redis server on a free port with its own folder. Disposing kills it and removes the folder. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #folder: TempFolder;
  #keeper: ChildProcess | null = null;
  #pid = 0;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
    this.#folder = tempFolder();
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    for (;;) {
      const server = new RedisServer(randomInt(PORTS.min, PORTS.max), options);
      if (await server.#launch()) return server;
      await server[Symbol.asyncDispose]();
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get tlsPort(): number {
    return this.port + 1;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === null) return;
    this.#keeper = null;
    const closed = once(keeper, 'close');
    keeper.stdin?.end();
    await closed;
  }

  /** Starts it again after a kill, on the same port and with the data that it kept. */
  async restart(): Promise<void> {
    if (!(await this.#launch())) throw new Error(`Port ${this.port} was taken meanwhile.`);
  }

  /** Suspends its process; connections stay open. */
  freeze(): void {
    process.kill(this.#pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  /** Runs one command over a new connection. */
  async run(command: string, ...values: string[]): Promise<unknown> {
    const client = new Redis(this.port, { lazyConnect: true, retryStrategy: () => null });
    try {
      await client.connect();
      return await client.call(command, ...values);
    } finally {
      client.disconnect();
    }
  }

  /** Runs one command whose answer is a list of texts. */
  async list(command: string, ...values: string[]): Promise<string[]> {
    const answer = await this.run(command, ...values);
    return Array.isArray(answer) ? answer.map(String) : [];
  }

  /** Closes the connections of all clients. */
  async clientKill(): Promise<void> {
    await this.run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await this.run('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }

  /** @returns false when the port is taken */
  async #launch(): Promise<boolean> {
    const { appendOnly = false, settings = [], certificate } = this.#options;
    const binary = requireProgram(REDIS);
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder.path];
    const persistence = ['--save', '', '--appendonly', appendOnly ? 'yes' : 'no'];
    const keeper = spawn(
      'sh',
      [
        '-c',
        KEEPER,
        'redis',
        binary,
        ...options,
        ...persistence,
        '--enable-debug-command',
        'yes',
        ...(certificate === undefined ? [] : tlsSettings(certificate, this.tlsPort)),
        ...settings,
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    this.#keeper = keeper;
    let output = '';
    for await (const text of keeper.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += String(text);
      if (/address already in use|failed listening|could not create server/i.test(output)) return false;
      // The shell may print the process id after the server is ready.
      if (output.includes('Ready to accept connections') && PID.test(output)) break;
    }
    keeper.stdout.resume();
    const [, pid] = PID.exec(output) ?? [];
    if (pid === undefined) throw new Error(`Redis did not start: ${output}`);
    this.#pid = Number(pid);
    return true;
  }
}

const PID = /^pid (\d+)\n/m;

function tlsSettings({ certificate, key, ca }: Certificate, port: number): string[] {
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', ca];
  return ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
}
