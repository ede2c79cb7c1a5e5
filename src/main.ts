import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Most of a start is reading and compiling code: what was compiled is kept for the next one, where that can be written.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/reelgate', import.meta.url)));

await import('./serve.ts');
