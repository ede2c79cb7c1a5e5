import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // Without it vitest loads two copies of graphql and schemas are "not instanceof GraphQLSchema".
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/install-programs.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    unstubEnvs: true,
  },
});
