import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { createS3Client } from '../../../src/archive/blobs/s3/s3-client.ts';
import { createAgent } from '../../../src/providers/segmind/http/agent.ts';
import { requireProgram, SWIFT } from '../process/programs.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';

/** Below the ephemeral ports. */
const PORTS = { min: 22_000, max: 31_000 };
/** Milliseconds for a start; alone on a machine it takes six seconds. */
const START_DEADLINE_MS = 110_000;
const PROBE_INTERVAL_MS = 50;
/** Each storage server listens at its number above the port of the S3 API. */
const STORAGE_SERVERS = ['account', 'container', 'object'] as const;
const SERVERS = [...STORAGE_SERVERS, 'proxy'] as const;

/** Does in one process what `swift-ring-builder` does in nine. */
const BUILD_RINGS = `
import sys
from swift.common.ring import RingBuilder
for argument in sys.argv[1:]:
    name, port = argument.split('=')
    ring = RingBuilder(4, 1, 0)
    ring.add_dev(dict(region=1, zone=1, ip='127.0.0.1', port=int(port), device='d1', weight=1))
    ring.rebalance()
    ring.get_ring().save(name + '.ring.gz')
`;

/** Starts the server in the background with its output in a file, and kills it when the input of the shell ends, also when the tests were killed. */
const KEEPER = 'log=$1; shift; "$@" >"$log" 2>&1 & cat >/dev/null; kill -9 $!; wait $!';

/**
 * OpenStack Swift with its S3 API: a real storage service with the signatures, errors and ranges of S3. It runs on free ports of this machine
 * with one disk in its own folder. Its S3 API has the bucket in the path. Disposing kills it and removes the folder.
 */
export class SwiftServer implements AsyncDisposable {
  static readonly accessKeyId = 'test:tester';
  static readonly secretAccessKey = 'testing';

  readonly #folder: TempFolder;
  readonly #port: number;
  #keepers: ChildProcess[] = [];

  private constructor(port: number, folder: TempFolder) {
    this.#port = port;
    this.#folder = folder;
  }

  static async start(): Promise<SwiftServer> {
    for (;;) {
      const server = new SwiftServer(randomInt(PORTS.min, PORTS.max), tempFolder());
      server.#configure();
      if (await server.#launch()) return server;
      await server[Symbol.asyncDispose]();
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    const keepers = this.#keepers;
    this.#keepers = [];
    await Promise.all(
      keepers.map(async (keeper) => {
        const closed = once(keeper, 'close');
        keeper.stdin?.end();
        await closed;
      }),
    );
  }

  /** Starts it again after a kill, on the same ports and with its data. */
  async restart(): Promise<void> {
    if (!(await this.#launch())) throw new Error(`A port from ${this.#port} on was taken meanwhile.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }

  /** @returns false when a port is taken */
  async #launch(): Promise<boolean> {
    // They are read before the shells have opened them.
    for (const name of SERVERS) writeFileSync(this.#logOf(name), '');
    this.#keepers = SERVERS.map((name) =>
      spawn(
        'sh',
        [
          '-c',
          KEEPER,
          'swift',
          this.#logOf(name),
          requireProgram(SWIFT[name]),
          this.#pathOf(`${name}-server.conf`),
        ],
        { stdio: ['pipe', 'ignore', 'ignore'] },
      ),
    );
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.#answers()) || !(await this.#isReady())) {
      if (/address already in use/i.test(this.#logs())) return false;
      if (Date.now() > deadline) throw new Error(`Swift did not start:\n${this.#logs()}`);
      await delay(PROBE_INTERVAL_MS);
    }
    return true;
  }

  /** Whether all four servers answer. */
  async #answers(): Promise<boolean> {
    const ports = [0, 1, 2, 3].map((number) => this.#port + number);
    const probes = ports.map(async (port) => {
      const { status } = await fetch(`http://127.0.0.1:${port}/healthcheck`);
      return status > 0;
    });
    return (await Promise.allSettled(probes)).every(({ status }) => status === 'fulfilled');
  }

  /** Whether a signed request is answered. The first one also creates the account, which takes seconds on a busy machine. */
  async #isReady(): Promise<boolean> {
    const dispatcher = createAgent({ proxy: null, signal: new AbortController().signal });
    const { accessKeyId, secretAccessKey } = SwiftServer;
    const credentials = { accessKeyId, secretAccessKey };
    try {
      const client = await createS3Client({ endpoint: this.endpoint, dispatcher, credentials });
      await client.send(new ListBucketsCommand({}));
      return true;
    } catch {
      return false;
    } finally {
      await dispatcher.destroy();
    }
  }

  #configure(): void {
    for (const folder of ['etc', 'run', 'disks/d1']) mkdirSync(this.#pathOf(folder), { recursive: true });
    this.#write(
      'etc/swift.conf',
      { 'swift-hash': { swift_hash_path_suffix: 'a', swift_hash_path_prefix: 'b' } },
      { 'storage-policy:0': { name: 'default', default: 'yes' } },
    );
    this.#buildRings();
    for (const [index, name] of STORAGE_SERVERS.entries()) {
      const port = this.#port + index + 1;
      this.#write(
        `${name}-server.conf`,
        {
          DEFAULT: {
            ...this.#common(port),
            devices: this.#pathOf('disks'),
            mount_check: 'false',
            fallocate_reserve: '0',
          },
        },
        { 'pipeline:main': { pipeline: `${name}-server` } },
        { [`app:${name}-server`]: { use: `egg:swift#${name}`, recon_cache_path: this.#pathOf('run') } },
      );
    }
    const filters = ['catch_errors', 'cache', 'listing_formats', 's3api', 'tempauth', 'bulk', 'slo', 'dlo'];
    const options: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      cache: { use: 'egg:swift#memcache' },
      s3api: { location: 'us-east-1' },
      tempauth: { user_test_tester: `${SwiftServer.secretAccessKey} .admin` },
    };
    this.#write(
      'proxy-server.conf',
      { DEFAULT: this.#common(this.#port) },
      { 'pipeline:main': { pipeline: `${filters.join(' ')} proxy-server` } },
      {
        'app:proxy-server': {
          use: 'egg:swift#proxy',
          allow_account_management: 'true',
          account_autocreate: 'true',
          // Seconds. The default of half a second fails requests on a busy machine.
          conn_timeout: '30',
          node_timeout: '60',
        },
      },
      ...filters.map((name) => ({ [`filter:${name}`]: { use: `egg:swift#${name}`, ...options[name] } })),
    );
  }

  #common(port: number): Readonly<Record<string, string>> {
    return {
      bind_ip: '127.0.0.1',
      bind_port: String(port),
      // One process serves all requests.
      workers: '0',
      user: userInfo().username,
      swift_dir: this.#pathOf('etc'),
      log_level: 'WARNING',
    };
  }

  /** Says that all files are on the one disk, in one copy. */
  #buildRings(): void {
    const ports = STORAGE_SERVERS.map((name, index) => `${name}=${this.#port + index + 1}`);
    execFileSync(swiftPython(), ['-c', BUILD_RINGS, ...ports], { cwd: this.#pathOf('etc') });
  }

  #write(
    path: string,
    ...sections: readonly Readonly<Record<string, Readonly<Record<string, string>>>>[]
  ): void {
    const lines: string[] = [];
    for (const [name, values] of sections.flatMap((section) => Object.entries(section))) {
      lines.push(`[${name}]`);
      for (const [key, value] of Object.entries(values)) lines.push(`${key} = ${value}`);
    }
    writeFileSync(this.#pathOf(path), `${lines.join('\n')}\n`);
  }

  #logs(): string {
    return SERVERS.map((name) => readFileSync(this.#logOf(name), 'utf8')).join('\n');
  }

  #logOf(name: string): string {
    return this.#pathOf(`${name}.log`);
  }

  #pathOf(path: string): string {
    return join(this.#folder.path, path);
  }
}

/** The Python that has Swift's modules: another one may come first on the PATH. */
function swiftPython(): string {
  const [, path] = /^#! *(\S+)/.exec(readFileSync(requireProgram(SWIFT.proxy), 'utf8')) ?? [];
  if (path === undefined) throw new Error('The program swift-proxy-server names no Python.');
  return path;
}
