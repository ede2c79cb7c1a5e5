import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { Dispatcher } from 'undici';
import { UndiciHandler } from './http-handler.ts';

export interface S3ClientOptions {
  /** Null: Amazon S3 itself. */
  readonly endpoint: string | null;
  readonly dispatcher: Dispatcher;
  /** Milliseconds without progress that end a transfer. @default 20_000 */
  readonly idleTimeoutMs?: number;
  /** @default the client's own search: environment variables, profiles, web identities, roles of containers and machines */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Attempts of one call, the first one included. An upload is sent once, because its body can be read once. */
const ATTEMPTS = 3;
const IDLE_TIMEOUT_MS = 20_000;
/** Other services ignore the region or have this one by default. */
const REGION_OF_OTHERS = 'us-east-1';

const SILENT: NonNullable<S3ClientConfig['logger']> = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/**
 * Creates a client for Amazon S3 or a compatible service.
 *
 * @throws Error when no region is set
 */
export async function createS3Client({
  endpoint,
  dispatcher,
  credentials,
  idleTimeoutMs = IDLE_TIMEOUT_MS,
}: S3ClientOptions): Promise<S3Client> {
  const config: S3ClientConfig = {
    requestHandler: new UndiciHandler(dispatcher, idleTimeoutMs),
    maxAttempts: ATTEMPTS,
    // Without a logger the client writes some warnings to the console.
    logger: SILENT,
    // The checksums that the client adds by default are unknown to older versions of other services.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // undici does not support it.
    expectContinueHeader: false,
    ...(credentials === undefined ? {} : { credentials }),
    // A bucket is part of the path, because other services seldom have a host name for each bucket.
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
  };
  const client = new S3Client(config);
  try {
    await client.config.region();
    return client;
  } catch (error) {
    client.destroy();
    if (endpoint === null) throw error;
    return new S3Client({ ...config, region: REGION_OF_OTHERS });
  }
}
