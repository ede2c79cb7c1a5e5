import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Job } from '../../src/domain/job/job.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { BenchProcess } from '../measure/process.ts';
import { putInFolder } from './put-jobs.ts';

/** Runs Reelgate's own main file, with the probe. */
export const MAIN = '../src/main.ts';
const PROBE = ['--import', new URL('../servers/reelgate-probe.ts', import.meta.url).href];
const SECRET = 'a secret of the benchmark that nobody needs to know';

/** What a gateway of the benchmark starts with. */
export const SETTINGS = {
  PORT: '0',
  // None of the jobs is due before the benchmark is over, so nobody is asked.
  SEGMIND_BASE_URL: 'http://127.0.0.1:9',
  SEGMIND_RPM: '0',
  MAX_UNFINISHED_JOBS: '1000000',
};

/** Starts Reelgate on the embedded store with these jobs in it. The folder is released with the process. */
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

/** Starts Reelgate on Redis, serving only. */
export function startReelgateOnRedis(url: string): Promise<BenchProcess> {
  return BenchProcess.start({
    file: MAIN,
    place: 'server',
    options: PROBE,
    settings: { ...SETTINGS, REDIS_URL: url, ROLE: 'api' },
  });
}

/** Settings with which callers have to sign in. */
export const SIGN_IN = { AUTH_JWT_SECRET: SECRET };

/** Whose jobs a token of `userToken` reads. */
export const SIGNED_IN_OWNER = 'ada';

/** A token for the owner of the sample's jobs. */
export function userToken(): Promise<string> {
  return new SignJWT({ scope: 'video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(SIGNED_IN_OWNER)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));
}
