import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Without it vitest loads two copies of graphql and schemas are "not instanceof GraphQLSchema".
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Twice the two cores of a small machine: many tests wait for processes of their own.
    maxWorkers: 4,
    // The end of a test that hangs, not a measure: starting a browser or a gateway takes long on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    unstubEnvs: true,
  },
});
