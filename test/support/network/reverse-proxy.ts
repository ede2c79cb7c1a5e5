import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CADDY, NGINX, requireProgram } from '../process/programs.ts';
import { tempFolder } from '../temp-folder.ts';

/** Starts nginx with these directives in its `http` block and its defaults otherwise. Disposing stops it. */
export function startNginx(http: string): Promise<AsyncDisposable> {
  const folder = tempFolder();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder.path}/${name};`)
    .join('\n');
  writeFileSync(
    join(folder.path, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off; worker_processes 1; pid ${folder.path}/pid; error_log stderr notice;
    events {}
    http { access_log off; ${temporary}\n${http}\n}`,
  );
  const args = ['-p', folder.path, '-c', join(folder.path, 'nginx.conf'), '-e', 'stderr'];
  return start(requireProgram(NGINX), args, 'start worker process ', folder);
}

/** Starts Caddy with these sites. Disposing stops it. */
export function startCaddy(sites: string): Promise<AsyncDisposable> {
  const folder = tempFolder();
  const file = join(folder.path, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https off\n}\n${sites}\n`);
  return start(requireProgram(CADDY), ['run', '--config', file], 'serving initial configuration', folder);
}

async function start(
  program: string,
  args: readonly string[],
  whenReady: string,
  folder: Disposable & { readonly path: string },
): Promise<AsyncDisposable> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder.path },
  });
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await closed;
    folder[Symbol.dispose]();
  };
  try {
    await Promise.race([
      wrote(child, whenReady),
      closed.then(() => Promise.reject(new Error(`${program} exited at its start.`))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

async function wrote(child: ChildProcess, text: string): Promise<void> {
  let written = '';
  const found = Promise.withResolvers<void>();
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
    if (written.includes(text)) found.resolve();
  });
  child.once('close', () => found.reject(new Error(`It exited and wrote: ${written}`)));
  await found.promise;
}
