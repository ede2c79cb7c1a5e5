/** Copies the files that the compiler does not emit to dist: the Lua scripts and GraphiQL's page. */
import { cpSync } from 'node:fs';

cpSync('src', 'dist', {
  recursive: true,
  filter: (path) => !/\.\w+$/.test(path) || /\.(?:lua|html|css|js)$/.test(path),
});
