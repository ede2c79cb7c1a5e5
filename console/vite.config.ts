import { defaultClientConditions, defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page works below any path: the gateway writes the `base` element.
  base: './',
  // Packages of this repository are read from their sources.
  resolve: { conditions: ['@reelgate/source', ...defaultClientConditions] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Inlined polyfills and images would need a weaker Content-Security-Policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    target: 'es2024',
    // scripts/build-console.ts prints the sizes of the compressed files.
    reportCompressedSize: false,
    rolldownOptions: {
      onLog: (level, log, report) => {
        // The client package's directive 'use client' is for servers that render React. Here all code is the client's.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  // For `npx vite console` beside a running gateway.
  server: {
    proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true }, '/healthz': 'http://127.0.0.1:4000' },
  },
});
