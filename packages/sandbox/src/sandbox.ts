import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { HistoryApi } from './history/history-api.ts';
import { listen, sandboxServer } from './http/http-server.ts';
import { JobFolder } from './jobs/job-folder.ts';
import { Jobs } from './jobs/jobs.ts';
import { ModelApi } from './jobs/model-api.ts';
import { openPrivateFolder } from './private-files.ts';
import { isLoopback } from './images/public-address.ts';
import { VideoRenderer } from './video/video-renderer.ts';
import { Uploads } from './images/uploads.ts';
import type { UploadsOptions } from './images/uploads.ts';

/** Where a sandbox listens, where it keeps its files, and how fast it is. Only `folder` must be given. */
export interface SandboxOptions {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 0 // the port last used with `folder` when it is free, else any free one */
  readonly port?: number | undefined;
  /** The origin that URLs in answers begin with, such as `http://sandbox:4010`. @default the address that it listens on */
  readonly publicUrl?: string | undefined;
  /** Whether images may be at private addresses. Its own images always may. @default true when `host` is a loopback address */
  readonly privateImages?: boolean | undefined;
  /**
   * Where jobs (JSON), videos (MP4) and uploaded images are kept; made when it is not there. They outlive any kind of end.
   * Only this user can read it. One sandbox at a time.
   */
  readonly folder: string;
  /** 10 = ten times faster. A job can still not be done before its video is encoded. @default 1 // about 8 s a job */
  readonly speed?: number | undefined;
  /** How long after its submission a request appears in the request history, in ms, 0 or more. @default 2_000 / speed */
  readonly historyLagMs?: number | undefined;
  /** Epoch ms. @default Date.now */
  readonly clock?: (() => number) | undefined;
  /** [0, 1). Draws how long jobs take. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Videos still to be made at once; past it a submit is answered 429. @default 500 */
  readonly maxPendingVideos?: number | undefined;
  /** Uploaded images that are kept. @default 1,000 and 512 MiB; past either the oldest go first */
  readonly uploadLimits?: UploadsOptions['limits'];
  /** Told of what happens. @default silent */
  readonly log?: ((event: { message: string; [key: string]: unknown }) => void) | undefined;
}

/** A running sandbox. Disposing it cuts all connections and leaves unfinished jobs to the next one on its folder. */
export interface Sandbox extends AsyncDisposable {
  /** The origin, such as `http://127.0.0.1:49213`: what takes the place of `https://api.segmind.com`. `publicUrl` if it was given. */
  readonly url: string;
  /** The origin that it listens on. */
  readonly address: string;
}

/** The real lag is [unknown]. At speed 1. */
const HISTORY_LAG_MS = 2_000;
/** How often what is past its time is deleted. */
const SWEEP_MS = 60_000;

/**
 * Starts a local upstream that speaks the vendor's v2 and v1 API and turns images into real videos.
 *
 * @throws when the port asked for is taken, the folder cannot be written or belongs to another user, `speed` is not above 0, or `historyLagMs` is below 0
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock = Date.now, random = Math.random, speed = 1, log = () => undefined } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be above 0, not ${speed}`);
  const lagMs = options.historyLagMs ?? HISTORY_LAG_MS / speed;
  if (!(lagMs >= 0)) throw new RangeError(`historyLagMs must be 0 or more, not ${lagMs}`);
  await using starting = new AsyncDisposableStack();
  const host = options.host ?? '127.0.0.1';
  await openPrivateFolder(options.folder);
  const folder = new JobFolder(options.folder);
  const closing = new AbortController();
  let address = '';
  const origin = () => options.publicUrl ?? address;
  const renderer = new VideoRenderer(log, {
    privateAddresses: options.privateImages ?? isLoopback(host),
    // By its address: the public URL may not lead here from this machine.
    own: (image) => (image.origin === origin() ? new URL(image.pathname, address) : null),
  });
  const jobs = new Jobs({
    folder,
    renderer,
    clock,
    random,
    speed,
    maxPendingVideos: options.maxPendingVideos ?? 500,
    log,
  });
  // Disposed in reverse: first nothing new comes in, then what is being made is dropped and the last writes awaited.
  starting.use(jobs);
  await jobs.load();
  const uploads = new Uploads({
    folder: join(options.folder, 'uploads'),
    clock,
    ...(options.uploadLimits === undefined ? {} : { limits: options.uploadLimits }),
  });
  await uploads.load();

  const sweeping = sweepNowAndThen([jobs, uploads], closing.signal, log);
  starting.defer(() => sweeping);
  const api = new ModelApi(jobs, folder, clock);
  const history = new HistoryApi({ jobs, clock, lagMs });
  const parts = { api, history, jobs, folder, renderer, uploads };
  const http = sandboxServer({ parts, origin, closing: closing.signal, log });
  starting.use(http);
  starting.defer(() => {
    closing.abort();
  });
  address = await listen(http.server, host, options.port ?? 0, options.folder);
  const url = origin();
  log({ message: 'sandbox listening', url });

  const running = starting.move();
  return { url, address, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Ends when `signal` aborts. A sweep that fails is told to the log; the next one tries again. */
async function sweepNowAndThen(
  swept: readonly { sweep(): Promise<void> }[],
  signal: AbortSignal,
  log: (event: { message: string; [key: string]: unknown }) => void,
): Promise<void> {
  try {
    for await (const _ of setInterval(SWEEP_MS, undefined, { signal, ref: false })) {
      for (const each of swept) {
        await each.sweep().catch((error: unknown) => {
          log({ message: 'sweep failed', reason: String(error) });
        });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
