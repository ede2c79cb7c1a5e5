/** Builds the console into console/dist, with compressed copies of its files, and prints the size of its JavaScript. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const DIST = 'console/dist';
/** Built beside DIST and then renamed, so that a gateway that starts meanwhile reads a complete build. */
const NEW = `console/.dist-${process.pid}`;
const OLD = `${NEW}-old`;

// Overrides the shell: another value would select React's slow and large development build.
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
