import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ConfigError, parseSandboxConfig } from './config/config.ts';
import { makeFolder } from './process/data-folder.ts';
import { isLoopback, isOrigin } from './config/env-schemas.ts';
import { startSandbox } from './sandbox/sandbox.ts';

const USAGE =
  'Usage: npm run sandbox -- [--port N] [--host ADDRESS] [--public-url ORIGIN] [--folder PATH] [--history-lag MS]';
const FOLDER = join('data', 'standalone-sandbox');

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'public-url': { type: 'string' },
      folder: { type: 'string' },
      'history-lag': { type: 'string' },
    },
  });
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigError('--port must be from 0 to 65535.');
  const publicUrl = values['public-url'];
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    throw new ConfigError('--public-url must be an http or https origin, such as http://sandbox:4010.');
  const historyLag = values['history-lag'];
  if (historyLag !== undefined && !/^\d+$/.test(historyLag))
    throw new ConfigError('--history-lag must be a number of milliseconds, 0 or more.');
  const folder = values.folder ?? FOLDER;
  makeFolder(folder);
  const sandbox = await startSandbox({
    port,
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(publicUrl === undefined ? {} : { publicUrl: new URL(publicUrl).origin }),
    folder,
    ...(historyLag === undefined ? {} : { historyLagMs: Number(historyLag) }),
    speed: parseSandboxConfig().sandboxSpeed,
  });
  const known = sandbox.url === sandbox.address ? '' : `, known as ${sandbox.url}`;
  process.stdout.write(
    `sandbox listening on ${sandbox.address}${known}; any key is good: SEGMIND_API_KEY=SG_test\n`,
  );
  if (values.host !== undefined && !isLoopback(values.host) && publicUrl === undefined) {
    process.stderr.write(
      `URLs in answers begin with ${sandbox.url}. For clients on other machines give --public-url with the origin that they use.\n`,
    );
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      sandbox[Symbol.asyncDispose]().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 1;
}
