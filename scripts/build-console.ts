/** Builds the console into console/dist, with compressed copies of its files, and prints the size of its JavaScript. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { z } from 'zod';

const DIST = 'console/dist';
/** Built beside DIST and then renamed, so that a gateway that starts meanwhile reads a complete build. */
const NEW = `console/.dist-${process.pid}`;
const OLD = `${NEW}-old`;

/** The decoder of HEIC files: 3 MB that the page loads only for such a file. */
const DECODER = /^assets\/libheif-.*\.js$/;
/** The best quality would compress the decoder for ten seconds, and save 13 %. */
const DECODER_QUALITY = 9;

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
  const isDecoder = DECODER.test(name);
  const params = isDecoder ? { [constants.BROTLI_PARAM_QUALITY]: DECODER_QUALITY } : {};
  writeFileSync(join(NEW, `${name}.br`), brotliCompressSync(bytes, { params }));
  if (name.endsWith('.js') && !isDecoder) script += gzipped.length;
}
// The decoder's licence (LGPL) asks for its text beside it, for a notice, and for the way to the source.
mkdirSync(join(NEW, 'licenses'));
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync('node_modules/libheif-js/package.json', 'utf8')));
const notice = `The console uses libheif, which contains libde265, to decode HEIC images. Both are covered by the GNU Lesser General Public License 3.
The file assets/libheif-*.js beside this folder is libheif/libheif.js of the npm package libheif-js ${version}, unchanged. It can be replaced.
Source: https://github.com/catdad-experiments/libheif-js, https://github.com/strukturag/libheif, https://github.com/strukturag/libde265

----------------------------------------------------------------------

`;
const license = readFileSync('node_modules/libheif-js/libheif/LICENSE', 'utf8');
writeFileSync(join(NEW, 'licenses/libheif.txt'), notice + license);

if (existsSync(DIST)) renameSync(DIST, OLD);
renameSync(NEW, DIST);
rmSync(OLD, { recursive: true, force: true });
process.stdout.write(`The console is built: ${Math.round(script / 1000)} kB of JavaScript, gzipped.\n`);
