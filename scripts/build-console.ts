/** Builds the console into console/dist, with a compressed copy beside each file, and prints what it weighs. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

await build({ configFile: 'console/vite.config.ts', logLevel: 'warn' });

const DIST = 'console/dist';
let script = 0;
for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(js|css|html|svg)$/.test(name)) continue;
  const bytes = readFileSync(join(DIST, name));
  const gzipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(join(DIST, `${name}.gz`), gzipped);
  writeFileSync(join(DIST, `${name}.br`), brotliCompressSync(bytes));
  if (name.endsWith('.js')) script += gzipped.length;
}
process.stdout.write(`The console is built: ${Math.round(script / 1000)} kB of JavaScript, gzipped.\n`);
