import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { freePort } from '../network/ports.ts';
import { REDIS, requireProgram } from '../process/programs.ts';
import { tempFolder } from '../temp-folder.ts';
import type { RedisServer } from './redis-server.ts';

/** Sentinels that watch a primary and promote a replica soon after the primary has died. */
export interface RedisSentinels extends AsyncDisposable {
  /** Each `host:port`. */
  readonly places: readonly string[];
}

export const PRIMARY_NAME = 'mymaster';
const COUNT = 3;

/** @param password of the sentinels themselves */
export async function startSentinels(primary: RedisServer, password: string): Promise<RedisSentinels> {
  await using resources = new AsyncDisposableStack();
  const places: string[] = [];
  for (let index = 0; index < COUNT; index += 1) {
    const folder = resources.use(tempFolder());
    const port = await freePort();
    const file = `${folder.path}/sentinel.conf`;
    // The Sentinel rewrites this file.
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder.path}`,
        `requirepass ${password}`,
        `sentinel sentinel-pass ${password}`,
        `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primary.port} 2`,
        `sentinel down-after-milliseconds ${PRIMARY_NAME} 500`,
        `sentinel failover-timeout ${PRIMARY_NAME} 3000`,
      ].join('\n'),
    );
    const child = spawn(requireProgram(REDIS), [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] });
    resources.defer(() => end(child));
    for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false }))
      if (String(text).includes('+monitor')) break;
    child.stdout.resume();
    places.push(`127.0.0.1:${port}`);
  }
  const owned = resources.move();
  return { places, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
