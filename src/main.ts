import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { V8_FLAGS } from './process/v8-flags.ts';

for (const flag of V8_FLAGS) setFlagsFromString(flag);

// Compiling takes most of the start. The cache keeps compiled code for the next start; without write access it stays unused.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/reelgate', import.meta.url)));

await import('./serve.ts');
