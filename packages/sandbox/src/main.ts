import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { isLoopback } from './images/public-address.ts';
import { startSandbox } from './sandbox.ts';

const USAGE =
  'Usage: npm run sandbox -- [--port N] [--host ADDRESS] [--public-url ORIGIN] [--folder PATH] [--history-lag MS]';
const FOLDER = join('data', 'standalone-sandbox');

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string' },
      'public-url': { type: 'string' },
      folder: { type: 'string', default: FOLDER },
      'history-lag': { type: 'string' },
    },
  });
  const { host } = values;
  const publicUrl = values['public-url'];
  const historyLag = values['history-lag'];
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('--port must be from 0 to 65535.');
  if (publicUrl !== undefined && !isOrigin(publicUrl)) {
    throw new Error('--public-url must be an http or https origin, such as http://sandbox:4010.');
  }
  if (historyLag !== undefined && !/^\d+$/.test(historyLag)) {
    throw new Error('--history-lag must be a number of milliseconds, 0 or more.');
  }
  const sandbox = await startSandbox({
    port,
    host,
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl).origin,
    folder: values.folder,
    historyLagMs: historyLag === undefined ? undefined : Number(historyLag),
    speed: readSpeed(process.env),
  });
  const publicName = sandbox.url === sandbox.address ? '' : `, known as ${sandbox.url}`;
  process.stdout.write(
    `sandbox listening on ${sandbox.address}${publicName}; any API key is accepted: SEGMIND_API_KEY=SG_test\n`,
  );
  if (host !== undefined && !isLoopback(host) && publicUrl === undefined) {
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

/** @throws when SANDBOX_SPEED is not a speed, or a variable looks like a misspelt SANDBOX_SPEED */
function readSpeed(environment: NodeJS.ProcessEnv): number {
  const misspelt = Object.keys(environment).find((name) => /^SANDBOX_?SP(?!EED$)/i.test(name));
  if (misspelt !== undefined) {
    throw new Error(`${misspelt} is not a setting. Did you mean SANDBOX_SPEED?`);
  }
  const text = environment['SANDBOX_SPEED']?.trim() ?? '';
  if (text === '') return 1;
  const speed = /^\d*\.?\d+$/.test(text) ? Number(text) : 0;
  if (!(speed > 0 && speed <= 1000)) {
    throw new Error(`SANDBOX_SPEED must be a number above 0, at most 1000, not ${JSON.stringify(text)}.`);
  }
  return speed;
}

function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`;
}
