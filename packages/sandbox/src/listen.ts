import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { replaceFile } from './job-folder.ts';

/**
 * Listens, and writes the port down in `folder`, so that URLs given out before a restart keep working.
 *
 * @param port 0: the port written down there, when it is free, else any
 * @returns the origin, `http://host:port`; the loopback one when it listens on every address
 * @throws when the port asked for is taken
 */
export async function listen(server: Server, host: string, port: number, folder: string): Promise<string> {
  const remembered = port === 0 ? await rememberedPort(folder) : null;
  if (remembered === null) await bind(server, host, port);
  else {
    await bind(server, host, remembered).catch(() => bind(server, host, 0));
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  await replaceFile(join(folder, 'port'), String(address.port));
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${named.includes(':') ? `[${named}]` : named}:${address.port}`;
}

async function rememberedPort(folder: string): Promise<number | null> {
  try {
    const port = Number(await readFile(join(folder, 'port'), 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (error?: Error): void => {
    server.off('error', settle);
    server.off('listening', settle);
    if (error === undefined) resolve();
    else reject(error);
  };
  server.once('error', settle);
  server.once('listening', settle);
  server.listen(port, host);
  return promise;
}
