import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp-folder.ts';
import { packClient, unpackClient } from './packed-client.ts';

/** Bytes, minified and gzipped. */
const MAX_CORE = 8000;
const MAX_REACT = 2000;

/** All functions and classes. */
const CORE = { '@reelgate/client': 'createReelgate, ReelgateError, VideoJobFailedError' };
const HOOKS = {
  '@reelgate/client/react': 'ReelgateProvider, useGenerateVideo, useReelgate, useVideoJob, useVideoJobs',
};

test('an app gets at most 8,000 bytes of the core with its dependencies, and 2,000 more of the hooks', async () => {
  using folder = tempFolder();
  const { tarball } = await packClient(folder.path);
  await unpackClient(folder.path, tarball, []);
  const core = await bundledBytes(folder.path, CORE);
  const withHooks = await bundledBytes(folder.path, { ...CORE, ...HOOKS });
  process.stdout.write(`@reelgate/client: ${core} bytes; /react: ${withHooks - core} more, gzipped.\n`);
  expect(core).toBeLessThanOrEqual(MAX_CORE);
  expect(withHooks - core).toBeLessThanOrEqual(MAX_REACT);
});

/** The size of an app that uses these exports, without React. */
async function bundledBytes(root: string, entries: Readonly<Record<string, string>>): Promise<number> {
  const imports = Object.entries(entries).map(([entry, names]) => `import { ${names} } from '${entry}';`);
  const input = join(root, 'app.js');
  writeFileSync(input, `${imports.join('\n')}\nglobalThis.used = [${Object.values(entries).join(', ')}];\n`);
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input, external: /^react(?:\/|$)/ },
    },
  });
  if (!('output' in built)) throw new Error('Vite built several bundles, or watches.');
  const code = built.output.map((part) => (part.type === 'chunk' ? part.code : '')).join('');
  return gzipSync(code, { level: constants.Z_BEST_COMPRESSION }).byteLength;
}
