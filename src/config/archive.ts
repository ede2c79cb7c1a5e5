import { join } from 'node:path';
import { z } from 'zod';
import { text } from './schemas.ts';

/** Where finished videos are kept. */
export type ArchiveSettings =
  /** `chosen`: the operator has set it. */
  | { readonly type: 'off'; readonly chosen: boolean }
  | { readonly type: 'folder'; readonly path: string }
  | S3Settings;

/** A bucket of Amazon S3 or of a compatible service. */
export interface S3Settings {
  readonly type: 's3';
  readonly bucket: string;
  /** Without a slash at its ends; empty: none. */
  readonly prefix: string;
  /** Null: Amazon S3. */
  readonly endpoint: string | null;
}

type Place = 'off' | 'folder' | { readonly bucket: string; readonly prefix: string };

/** The folder of the archive in DATA_DIR. */
const FOLDER = 'archive';
/** The names that every S3-compatible service accepts, then a path of plain segments. */
const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w-][\w.-]*)*)\/?$/;
/** Such a host name would be an address: AWS refuses these names. */
const ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
/** Characters of a prefix: with the rest of its key, a file's name stays below S3's 1,024 bytes. */
const MAX_PREFIX = 500;

/** The setting `ARCHIVE`. */
export function archivePlace() {
  return z
    .string()
    .refine(
      (value) => placeOf(value) !== null,
      'must be folder, off, or the URL of a bucket with or without a prefix, such as s3://my-bucket/reelgate; a bucket has 3 to 63 lower-case letters, digits, dots and hyphens, a prefix letters, digits and . _ - in segments that do not begin with a dot',
    )
    .transform(placeOf)
    .optional();
}

/**
 * Variables of Amazon's tools that the gateway reads too. The S3 client reads them and all others by itself, credentials and region among
 * them.
 */
export const AWS_VARIABLES = {
  AWS_ENDPOINT_URL_S3: z.string().optional(),
  AWS_ENDPOINT_URL: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: text(''),
  AWS_SESSION_TOKEN: text(''),
};

type AwsVariables = z.output<z.ZodObject<typeof AWS_VARIABLES>>;

/** Returns the name and value of the variable that sets the endpoint of S3; null when none does. */
export function endpointVariable(variables: AwsVariables) {
  for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'] as const) {
    const value = variables[name];
    if (value !== undefined) return { name, value };
  }
  return null;
}

/** Whether a text is an http or https URL without credentials, query and fragment. */
export function isEndpoint(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.href === `${url.origin}${url.pathname}`;
}

interface ArchiveContext {
  readonly dataDir: string;
  /** Whether the store is the embedded one: its folder can keep videos as well. */
  readonly isEmbedded: boolean;
  readonly aws: AwsVariables;
}

/** Reads the setting. */
export function archiveOf(
  place: Place | null | undefined,
  { dataDir, isEmbedded, aws }: ArchiveContext,
): ArchiveSettings {
  const chosen = place ?? (isEmbedded ? 'folder' : 'off');
  if (chosen === 'off') return Object.freeze({ type: 'off', chosen: place === 'off' });
  if (chosen === 'folder') return Object.freeze({ type: 'folder', path: join(dataDir, FOLDER) });
  return Object.freeze({ type: 's3', ...chosen, endpoint: endpointVariable(aws)?.value ?? null });
}

/** @returns null when the text has another form */
function placeOf(value: string): Place | null {
  if (value === 'off' || value === 'folder') return value;
  const [, bucket = '', path = ''] = S3_URL.exec(value) ?? [];
  if (bucket === '' || ADDRESS.test(bucket) || bucket.includes('..') || path.length > MAX_PREFIX) return null;
  return { bucket, prefix: path.slice(1) };
}
