import { z } from 'zod';
import { flag, isDecodable, splitList } from './schemas.ts';

/** A primary whose address Sentinels know. */
export interface Sentinels {
  readonly name: string;
  /** Of the Sentinels. */
  readonly urls: readonly string[];
}

const WITHOUT_PATH = /^rediss?:\/\/[^/?#]+$/;

/** Settings for the connection to Redis. */
export const REDIS_SETTINGS = {
  REDIS_URL: z
    .string()
    .transform(splitList)
    .refine(
      areRedisUrls,
      'must be redis:// or rediss:// URLs, such as redis://localhost:6379, with % in a name or password written as %25',
    )
    .optional(),
  REDIS_CLUSTER: flag('false'),
  REDIS_SENTINELS: z
    .string()
    .refine(
      (value) => readSentinels(value) !== null,
      'must be the name of the primary, an @, and the sentinels with commas in between, such as mymaster@one.example:26379,two.example:26379',
    )
    .transform(readSentinels)
    .optional(),
};

/** @returns null for the embedded store */
export function redisOf({
  REDIS_URL,
  REDIS_CLUSTER: cluster,
  REDIS_SENTINELS: sentinels,
}: z.output<z.ZodObject<typeof REDIS_SETTINGS>>) {
  if (sentinels == null) return REDIS_URL === undefined ? null : { urls: REDIS_URL, cluster };
  // Sentinels give the address of the primary. The URL holds its password and says whether it speaks TLS.
  return { urls: REDIS_URL ?? ['redis://primary'], cluster, sentinels };
}

/** Reads `name@host:port,host:port`; each Sentinel may have a scheme and credentials. @returns null when the text has another form */
function readSentinels(value: string): Sentinels | null {
  const [, name = '', list = ''] = /^([^@\s,:/]+)@(.+)$/.exec(value) ?? [];
  const urls = splitList(list).map((entry) => (entry.includes('://') ? entry : `redis://${entry}`));
  return name !== '' && urls.every((url) => WITHOUT_PATH.test(url)) && areRedisUrls(urls)
    ? { name, urls: Object.freeze(urls) }
    : null;
}

function areRedisUrls(urls: readonly string[]): boolean {
  return urls.every((address) => {
    const url = URL.parse(address);
    return url !== null && ['redis:', 'rediss:'].includes(url.protocol) && isDecodable(url);
  });
}
