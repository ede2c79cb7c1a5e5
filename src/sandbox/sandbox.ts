import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { HistoryApi } from './history/history-api.ts';
import { sandboxServer } from './http-server.ts';
import { JobFolder } from './job-folder.ts';
import { Jobs } from './jobs.ts';
import { listen } from './listen.ts';
import { ModelApi } from './model-api.ts';
import { Studio } from './studio.ts';
import { Uploads } from './uploads.ts';
import type { UploadsOptions } from './uploads.ts';

/** Where a sandbox listens, where it keeps its files, and how fast it is. Only `folder` must be given. */
export interface SandboxOptions {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** @default 0 // the port last used with `folder` when it is free, else any free one */
  readonly port?: number | undefined;
  /** Where jobs (JSON), videos (MP4) and uploaded images are kept; made when it is not there. They outlive any kind of end. One sandbox at a time. */
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
  readonly maxUnmade?: number | undefined;
  /** Uploaded images that are kept. @default 1,000 and 512 MiB; past either the oldest go first */
  readonly uploadLimits?: UploadsOptions['limits'];
  /** Told of what happens. @default silent */
  readonly log?: ((event: { message: string; [key: string]: unknown }) => void) | undefined;
}

/** A running sandbox. Disposing it cuts all connections and leaves unfinished jobs to the next one on its folder. */
export interface Sandbox extends AsyncDisposable {
  /** The origin, such as `http://127.0.0.1:49213`: what takes the place of `https://api.segmind.com`. */
  readonly url: string;
}

/** The real lag is [unknown]. At speed 1. */
const HISTORY_LAG_MS = 2_000;
/** How often what is past its time is deleted. */
const SWEEP_MS = 60_000;

/**
 * Starts a local upstream that speaks the vendor's v2 and v1 API and turns images into real videos.
 *
 * @throws when the port asked for is taken, the folder cannot be written, `speed` is not above 0, or `historyLagMs` is below 0
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock = Date.now, random = Math.random, speed = 1, log = () => undefined } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be above 0, not ${speed}`);
  const lagMs = options.historyLagMs ?? HISTORY_LAG_MS / speed;
  if (!(lagMs >= 0)) throw new RangeError(`historyLagMs must be 0 or more, not ${lagMs}`);
  await using starting = new AsyncDisposableStack();
  const folder = new JobFolder(options.folder);
  const closing = new AbortController();
  const studio = new Studio(log);
  const jobs = new Jobs({ folder, studio, clock, random, speed, maxUnmade: options.maxUnmade ?? 500, log });
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
  const parts = { api, history, jobs, folder, studio, uploads };
  const http = sandboxServer({ parts, closing: closing.signal, log });
  starting.use(http);
  starting.defer(() => {
    closing.abort();
  });
  const url = await listen(http.server, options.host ?? '127.0.0.1', options.port ?? 0, options.folder);
  log({ message: 'sandbox listening', url });

  const running = starting.move();
  return { url, [Symbol.asyncDispose]: () => running.disposeAsync() };
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
