import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page works below any path: the gateway writes its base.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Polyfills and images within the page would need a weaker Content-Security-Policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    target: 'es2024',
    // The precompressed sizes are what counts; scripts/build-console.ts prints those.
    reportCompressedSize: false,
  },
  // `vite dev console` beside a running gateway.
  server: {
    proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true }, '/healthz': 'http://127.0.0.1:4000' },
  },
});
