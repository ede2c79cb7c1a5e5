/** Copies what the compiler leaves out of dist: the Lua scripts. */
import { cpSync } from 'node:fs';

cpSync('src', 'dist', { recursive: true, filter: (path) => !/\.\w+$/.test(path) || path.endsWith('.lua') });
