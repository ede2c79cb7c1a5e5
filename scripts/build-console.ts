/** Builds the console into console/dist, with a compressed copy beside each file, and prints what it weighs. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const DIST = 'console/dist';
/** Made beside it and then put in its place, so that a gateway that starts meanwhile reads one build or the other. */
const NEW = `console/.dist-${process.pid}`;
const OLD = `${NEW}-old`;

// Of what the shell says here the build would take the slow and large React of development.
process.env['NODE_ENV'] = 'production';
await build({
  configFile: 'console/vite.config.ts',
  logLevel: 'warn',
  build: { outDir: `.dist-${process.pid}` },
});

let script = 0;
for (const name of readdirSync(NEW, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(js|css|html|svg)$/.test(name)) continue;
  const bytes = readFileSync(join(NEW, name));
  const gzipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(join(NEW, `${name}.gz`), gzipped);
  writeFileSync(join(NEW, `${name}.br`), brotliCompressSync(bytes));
  if (name.endsWith('.js')) script += gzipped.length;
}
if (existsSync(DIST)) renameSync(DIST, OLD);
renameSync(NEW, DIST);
rmSync(OLD, { recursive: true, force: true });
process.stdout.write(`The console is built: ${Math.round(script / 1000)} kB of JavaScript, gzipped.\n`);
