import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Job } from '../../src/domain/job/job.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { BenchProcess } from '../measure/process.ts';
import { putInFolder } from './put-jobs.ts';

/** Reelgate's main file, relative to `bench/`. */
export const MAIN = '../src/main.ts';
const PROBE = ['--import', new URL('../servers/reelgate-probe.ts', import.meta.url).href];
const SECRET = 'a secret of the benchmark, at least 32 bytes';

export const SETTINGS = {
  PORT: '0',
  // No job is due before the end of the benchmark, so there are no upstream calls.
  SEGMIND_BASE_URL: 'http://127.0.0.1:9',
  SEGMIND_RPM: '0',
  MAX_UNFINISHED_JOBS: '1000000',
};

/** Starts Reelgate on an embedded store with these jobs. The folder is deleted after the end of the process. */
export async function startReelgate(
  jobs: number,
  jobOf: (number: number) => Job,
  settings: Readonly<Record<string, string>> = {},
): Promise<BenchProcess> {
  const folder = tempFolder();
  try {
    const dataDir = join(folder.path, 'data');
    await putInFolder(dataDir, jobs, jobOf);
    const gateway = await BenchProcess.start({
      file: MAIN,
      place: 'server',
      options: PROBE,
      settings: { ...SETTINGS, DATA_DIR: dataDir, ...settings },
    });
    gateway.defer(folder);
    return gateway;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Starts Reelgate on Redis with the role `api`. */
export function startReelgateOnRedis(url: string): Promise<BenchProcess> {
  return BenchProcess.start({
    file: MAIN,
    place: 'server',
    options: PROBE,
    settings: { ...SETTINGS, REDIS_URL: url, ROLE: 'api' },
  });
}

/** Settings that require sign-in. */
export const SIGN_IN = { AUTH_JWT_SECRET: SECRET };

/** The owner of `userToken`. */
export const SIGNED_IN_OWNER = 'ada';

/** A token for SIGNED_IN_OWNER. */
export function userToken(): Promise<string> {
  return new SignJWT({ scope: 'video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(SIGNED_IN_OWNER)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
}
