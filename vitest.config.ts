import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests behind real routers. Their packages take 700 MB and a minute to install, so they run by `npm run test:routers` only. */
const ROUTERS = 'test/e2e/supergraph/**/*.test.ts';

/** The packed client in fresh apps. They are installed from the registry and built, which takes minutes: `npm run test:apps`. */
const APPS = 'test/apps/**/*.test.ts';

/** What `vitest --mode` selects; all other tests run without it. */
const MODES: Readonly<Record<string, string>> = { routers: ROUTERS, apps: APPS };

/** The export condition of sources. */
const SOURCES = '@reelgate/source';

/** Files that wait for more than a minute of real time. */
const LONGEST_WAITS = ['frozen-poller', 'test-prompts', 'archive-day'];

/**
 * The end-to-end tests mostly wait and the others mostly compute, so every fourth file is an end-to-end test while there are any: both the
 * workers and the processors stay busy, and few files start processes at the same time. The longest waits start first, or else the run
 * would end with them.
 */
class MixedSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the base class' method
    const sorted = await super.sort(files);
    const others = sorted.filter(({ moduleId }) => !moduleId.includes('/e2e/'));
    const waiting = sorted.filter(({ moduleId }) => moduleId.includes('/e2e/'));
    const first = waiting.filter(({ moduleId }) => LONGEST_WAITS.some((name) => moduleId.includes(name)));
    const queue = [...new Set([...first, ...waiting])];
    const mixed: TestSpecification[] = [];
    for (const [index, file] of others.entries()) {
      if (index % 3 === 0) mixed.push(...queue.splice(0, 1));
      mixed.push(file);
    }
    return [...mixed, ...queue];
  }
}

export default defineConfig(({ mode }) => ({
  // Packages of this repository are read from their sources. Without `module`, whose files Node itself cannot import.
  ssr: {
    resolve: { conditions: [SOURCES, ...defaultServerConditions.filter((name) => name !== 'module')] },
  },
  resolve: {
    // Without it vitest loads two copies of graphql and schemas are "not instanceof GraphQLSchema".
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: [MODES[mode] ?? 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(mode in MODES ? [] : Object.values(MODES))],
    globalSetup: ['test/support/global-setup.ts'],
    // Twice the two cores of a small machine: many tests wait for processes of their own.
    maxWorkers: 4,
    // Modules hold no state that tests share, and loading them anew for each file takes a third of the processor time.
    isolate: false,
    sequence: { sequencer: MixedSequencer },
    // These timeouts end a test that hangs and measure nothing: a browser or a gateway starts slowly on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    unstubEnvs: true,
  },
}));
