import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { V8_FLAGS } from './process/v8-flags.ts';

for (const flag of V8_FLAGS) setFlagsFromString(flag);

// Most of a start is reading and compiling code: what was compiled is kept for the next one, where that can be written.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/reelgate', import.meta.url)));

await import('./serve.ts');
