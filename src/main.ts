import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// Most of what a request leaves is garbage at once. V8 begins with little room for that, and whether it grows is left to
// chance: a process in three stayed with little, collected many times as often, and took 15 % longer for each request. So
// that room grows at once to its largest.
setFlagsFromString('--semi-space-growth-factor=16');

// Most of a start is reading and compiling code: what was compiled is kept for the next one, where that can be written.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/reelgate', import.meta.url)));

await import('./serve.ts');
