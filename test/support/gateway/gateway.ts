import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { type App, type AppOverrides, startApp } from '../../../src/app.ts';
import { JobTokenSecrets } from '../../../src/auth/job-token-secrets.ts';
import { JobTokens } from '../../../src/auth/job-tokens.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { UploadOutcome, Image } from '../../../src/providers/image-host.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import type { Storage } from '../../../src/store/storage.ts';
import { FakeClock } from '../fake-clock.ts';
import { tempFolder } from '../temp-folder.ts';

/** The owner of all jobs where callers need no token. */
export const OWNER = 'anonymous';

/** No upstream is called, hosts are not checked, an owner has no limits, and no video is kept, unless a test sets them. */
const SETTINGS = {
  PORT: '0',
  SEGMIND_BASE_URL: 'https://upstream.example.com',
  ALLOWED_HOSTS: '*',
  ARCHIVE: 'off',
  MAX_UNFINISHED_JOBS_PER_OWNER: '0',
  GENERATE_RPM_PER_OWNER: '0',
  MAX_STREAMS_PER_OWNER: '0',
};

/** What a test may change. */
export interface GatewayOptions extends Pick<
  AppOverrides,
  'answers' | 'events' | 'hooks' | 'openDocuments' | 'wrapContext'
> {
  /** Settings as an operator gives them; an empty one counts as absent. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Wraps the real store, to count its calls or to fail them. Then no cache hides calls. */
  readonly wrapStore?: (store: SqliteJobStore) => JobStore;
  /** Replaces other parts of the storage. */
  readonly storage?: Partial<Storage>;
  /** @default a new clock */
  readonly clock?: FakeClock;
  /** Stands in for the vendor's file storage. @default each upload succeeds */
  readonly uploadImage?: (image: Image) => Promise<UploadOutcome>;
  /** @default idle connections are closed at once when the server stops */
  readonly server?: AppOverrides['server'];
  /** Called with each line of the log. */
  readonly onLine?: (line: string) => void;
}

/** A gateway on a free loopback port with a real store and no poller: tests move its jobs. */
export interface Gateway extends AsyncDisposable {
  /** Its origin, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly port: number;
  readonly store: SqliteJobStore;
  readonly deliveries: Storage['deliveries'];
  readonly budget: Storage['budget'];
  /** Issues and checks the gateway's own job tokens. */
  readonly jobTokens: JobTokens;
  readonly clock: FakeClock;
  readonly log: GatewayLog;
  readonly webSockets: NonNullable<App['webSockets']>;
  /** Stops the gateway; its data folder stays until it is disposed. */
  stop(): Promise<void>;
}

const uploaded = async (): Promise<UploadOutcome> => ({
  type: 'uploaded',
  url: 'https://files.example.com/cat.png',
});

/** Starts a gateway by its own wiring. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const {
    settings,
    wrapStore,
    clock = new FakeClock(),
    uploadImage = uploaded,
    server,
    storage: replaced,
    onLine,
    ...overrides
  } = options;
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  const log = new GatewayLog(onLine);
  let opened: Storage | null = null;
  const config = parseConfig({ ...SETTINGS, DATA_DIR: folder.path, ...settings });
  const app = resources.use(
    // The settings refuse this role with the embedded store. It starts no poller.
    await startApp({ ...config, role: 'api' }, log.logger, new AbortController().signal, {
      ...overrides,
      clock,
      imageHost: { upload: uploadImage, [Symbol.asyncDispose]: async () => {} },
      server: { idleGraceMs: 0, ...server },
      wrapStorage: (storage) => {
        opened = storage;
        if (!(storage.store instanceof SqliteJobStore)) throw new Error('This is not the embedded store.');
        const wrapped = wrapStore === undefined ? {} : { store: wrapStore(storage.store), cache: null };
        return { ...storage, ...wrapped, ...replaced };
      },
    }),
  );
  const { store, deliveries, budget, jobTokenSecrets } = present<Storage>(opened);
  if (!(store instanceof SqliteJobStore)) throw new Error('The gateway has no embedded store.');
  const owned = resources.move();
  return {
    url: app.url,
    port: Number(new URL(app.url).port),
    store,
    deliveries,
    budget,
    jobTokens: new JobTokens(new JobTokenSecrets({ text: jobTokenSecrets, now: clock.now, randomBytes })),
    clock,
    log,
    webSockets: present(app.webSockets),
    stop: async () => app[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The log lines of a gateway. */
export class GatewayLog {
  /** Lines of level error, as JSON. */
  readonly errors: string[] = [];
  /** What the server logged at level info: refused requests. */
  readonly infos: { readonly details: object; readonly message: string }[] = [];
  readonly #onLine: (line: string) => void;
  readonly logger = pino({ base: null, timestamp: false }, { write: (line) => this.#write(line) });

  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
  }

  #write(line: string): void {
    this.#onLine(line);
    const { level, msg, part, ...details }: { level: number; msg: string; part?: string } = JSON.parse(line);
    if (level === pino.levels.values['error']) this.errors.push(line);
    if (level === pino.levels.values['info'] && part === 'server') {
      this.infos.push({ details, message: msg });
    }
  }
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('The gateway serves no clients.');
  return value;
}
