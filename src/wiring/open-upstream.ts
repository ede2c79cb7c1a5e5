import { join } from 'node:path';
import type { Sandbox, startSandbox } from '@reelgate/sandbox';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { describeProxy } from '../config/proxy.ts';
import { type UpstreamKind, upstreamKindOf } from '../domain/upstream-kind.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { dataFolderError, openDataFolder } from '../process/data-folder.ts';
import { StartError } from '../process/start-error.ts';
import type { ImageHost } from '../providers/image-host.ts';
import { historyUrl, WAN_MODEL } from '../providers/segmind/facts.ts';
import { SegmindAccount } from '../providers/segmind/segmind-account.ts';
import { SegmindImageHost } from '../providers/segmind/segmind-image-host.ts';
import { SegmindUpstream } from '../providers/segmind/segmind-upstream.ts';
import type { VideoUpstream } from '../providers/video-upstream.ts';
import type { Storage } from '../store/storage.ts';

/** The configured upstream. Disposing it aborts calls in progress. */
export interface OpenedUpstream extends AsyncDisposable {
  readonly kind: UpstreamKind;
  readonly origin: string;
  readonly upstream: VideoUpstream;
  readonly images: ImageHost;
  /** Durations learned from one upstream do not count for another one. */
  readonly durationsKey: string;
  /** Mean duration of a job, in milliseconds. */
  readonly typicalMs: number;
  /** The path of an image for examples; null when the upstream has none. */
  readonly sampleImagePath: string | null;
  /** Whether image URLs may have private hosts. */
  readonly privateImages: boolean;
  /** About what a video costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
  /** Opens the account behind the API key, and checks the key in the background unless the upstream needs none. */
  readonly openAccount: (storage: Pick<Storage, 'budget' | 'credits'>) => SegmindAccount;
}

/** Parts that are shared with the rest of the gateway. */
export interface UpstreamParts {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
  readonly log: Logger;
}

/** The sandbox accepts any key. */
const SANDBOX_KEY = 'SG_sandbox';
const SANDBOX_IMAGE_PATH = '/images/sample.png';

/**
 * Connects to the vendor, or starts the embedded sandbox.
 *
 * @throws StartError when the sandbox is the upstream and cannot be started
 */
export async function openUpstream(config: Config, parts: UpstreamParts): Promise<OpenedUpstream> {
  const { now, events, log } = parts;
  await using resources = new AsyncDisposableStack();
  const sandbox = config.embeddedSandbox ? resources.use(await openSandbox(config, log)) : null;
  const { proxy, segmindHistoryUrl } = config;
  const origin = sandbox?.url ?? config.segmindBaseUrl;
  const apiKey = sandbox === null ? config.segmindApiKey : SANDBOX_KEY;
  if (apiKey === '') log.warn(`SEGMIND_API_KEY is not set: calls to ${origin} carry no key`);
  if (proxy !== null) log.info(`outgoing calls use ${describeProxy(proxy)}`);
  const call = { origin, apiKey, now, events, proxy };
  const history = segmindHistoryUrl === 'off' ? null : (segmindHistoryUrl ?? historyUrl(origin));
  const upstream = resources.use(new SegmindUpstream({ ...call, historyUrl: history }));
  const images = resources.use(new SegmindImageHost(call));
  const kind = sandbox === null ? upstreamKindOf(origin) : 'sandbox';
  const owned = resources.move();
  return {
    kind,
    origin,
    upstream,
    images,
    durationsKey: sandbox === null ? config.segmindBaseUrl : `sandbox*${config.sandboxSpeed}`,
    typicalMs: sandbox?.typicalMs ?? WAN_MODEL.typicalMs,
    sampleImagePath: sandbox === null ? null : SANDBOX_IMAGE_PATH,
    privateImages: sandbox === null ? kind === 'private' : config.sandboxPrivateImages,
    priceUsd: WAN_MODEL.priceUsd,
    openAccount: ({ budget, credits }) => {
      const rpm = config.segmindRpm;
      const account = new SegmindAccount({ http: call, budget, credits, rpm, random: Math.random });
      if (apiKey !== '' && sandbox === null) account.checkKey();
      return account;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openSandbox(config: Config, log: Logger): Promise<Sandbox> {
  const { dataDir } = config;
  openDataFolder(dataDir);
  const start = await loadSandbox();
  const sandbox = await start({
    folder: join(dataDir, 'sandbox'),
    speed: config.sandboxSpeed,
    privateImages: config.sandboxPrivateImages,
    // Only the log has the reason why a video could not be rendered: the job fails with an error of the real upstream.
    log: ({ message, isFault = false, ...details }) =>
      log[isFault === true ? 'warn' : 'debug']({ part: 'sandbox', ...details }, message),
  }).catch((error: unknown) => {
    throw dataFolderError(dataDir, error);
  });
  log.warn(
    { url: sandbox.url },
    `SEGMIND_API_KEY is not set: the embedded sandbox at ${sandbox.url} is the upstream, and its videos are test pictures`,
  );
  return sandbox;
}

/** Imports the sandbox only when it is the upstream: a container image without it has neither the package nor its dependencies. */
async function loadSandbox(): Promise<typeof startSandbox> {
  try {
    return (await import('@reelgate/sandbox')).startSandbox;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new StartError(
      `SEGMIND_API_KEY is not set, and the sandbox is not installed: set SEGMIND_API_KEY, or install the package @reelgate/sandbox with its dependencies (${error.message})`,
      { cause: error },
    );
  }
}
