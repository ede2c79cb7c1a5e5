import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { HistoryApi } from './history/history-api.ts';
import { listen, sandboxServer } from './http/http-server.ts';
import { isLoopback } from './images/public-address.ts';
import { Uploads } from './images/uploads.ts';
import type { UploadsOptions } from './images/uploads.ts';
import { JobFolder } from './jobs/job-folder.ts';
import { Jobs } from './jobs/jobs.ts';
import { ModelApi } from './jobs/model-api.ts';
import { openPrivateFolder } from './private-files.ts';
import { VideoRenderer } from './video/video-renderer.ts';

/** Only `folder` is required. */
export interface SandboxOptions {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 0 // the port last used with `folder` when it is free, else any free one */
  readonly port?: number | undefined;
  /** The origin of the URLs in responses, such as `http://sandbox:4010`. @default `address` of the running sandbox */
  readonly publicUrl?: string | undefined;
  /** Whether to fetch images from private addresses. Its own images are always fetched. @default true when `host` is a loopback address */
  readonly privateImages?: boolean | undefined;
  /**
   * The folder for jobs (JSON), videos (MP4) and uploaded images; created if missing. Its content survives crashes. Only this user can
   * read it. One sandbox at a time may use it.
   */
  readonly folder: string;
  /** 10 = ten times faster. A job never completes before its video is encoded. @default 1 // about 8 s a job */
  readonly speed?: number | undefined;
  /** Delay in ms between a submission and its appearance in the request history, 0 or more. @default 2_000 / speed */
  readonly historyLagMs?: number | undefined;
  /** Epoch ms. @default Date.now */
  readonly clock?: (() => number) | undefined;
  /** [0, 1). Source of the random durations of jobs. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Maximum number of videos waiting or in progress; beyond it a submission gets a 429. @default 500 */
  readonly maxPendingVideos?: number | undefined;
  /** Limits of the stored uploads; beyond either the oldest are deleted. @default 1,000 images and 512 MiB */
  readonly uploadLimits?: UploadsOptions['limits'];
  /** Receives log events. @default no log */
  readonly log?: ((event: { message: string; [key: string]: unknown }) => void) | undefined;
}

/** A running sandbox. Disposing it closes all connections. The next sandbox on the same folder continues its unfinished jobs. */
export interface Sandbox extends AsyncDisposable {
  /** The origin to use instead of `https://api.segmind.com`: `publicUrl` if given, else `address`. */
  readonly url: string;
  /** The origin that it listens on, such as `http://127.0.0.1:49213`. */
  readonly address: string;
  /** Mean duration of a job at its speed, in milliseconds. */
  readonly typicalMs: number;
}

/** Mean duration of a job at speed 1. */
const TYPICAL_MS = 8_000;
/** At speed 1. The vendor's own lag is [unknown]. */
const HISTORY_LAG_MS = 2_000;
/** Interval between deletions of expired jobs and uploads. */
const SWEEP_MS = 60_000;

/**
 * Starts a local upstream that implements the vendor's v2 and v1 API and renders real videos.
 *
 * @throws when the port is in use, the folder cannot be written or belongs to another user, `speed` is not above 0, or `historyLagMs` is below 0
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
    // Use its address: the public URL may be unreachable from this machine.
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
  // Disposed in reverse order: the server closes first, then the jobs drop their renderings and wait for the last writes.
  starting.use(jobs);
  await jobs.load();
  const uploads = new Uploads({
    folder: join(options.folder, 'uploads'),
    clock,
    ...(options.uploadLimits === undefined ? {} : { limits: options.uploadLimits }),
  });
  await uploads.load();

  const sweeping = sweepPeriodically([jobs, uploads], closing.signal, log);
  starting.defer(() => sweeping);
  const api = new ModelApi(jobs, folder, clock);
  const history = new HistoryApi({ jobs, clock, lagMs });
  const services = { api, history, jobs, folder, renderer, uploads };
  const http = sandboxServer({ services, origin, closing: closing.signal, log });
  starting.use(http);
  starting.defer(() => {
    closing.abort();
  });
  address = await listen(http.server, host, options.port ?? 0, options.folder);
  const url = origin();
  log({ message: 'sandbox listening', url });

  const running = starting.move();
  const typicalMs = TYPICAL_MS / speed;
  return { url, address, typicalMs, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Resolves when `signal` aborts. A failed sweep is logged and repeated at the next interval. */
async function sweepPeriodically(
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
