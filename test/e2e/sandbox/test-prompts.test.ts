import { test } from 'vitest';
import { FAULTS } from '../../../packages/sandbox/src/faults/faults.ts';
import { generate, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** The outcomes of jobs that only their deadline ends. */
const ENDS_BY_DEADLINE = new Set(['TIMED_OUT', 'UPSTREAM_UNAVAILABLE', 'SUBMISSION_UNKNOWN']);

test.concurrent('every test prompt that ends without a deadline ends as docs/sandbox.md says, all at once beside a plain job', async ({
  expect,
}) => {
  // Together they open the circuit breaker, so some of them take more than a minute.
  const faults = FAULTS.filter(({ outcome }) => !ENDS_BY_DEADLINE.has(outcome));
  const [plain, ...ends] = await endsOf(['a cat', ...faults.map(promptOf)], '300');
  expect(plain).toBe('COMPLETED');
  expect(namedEnds(faults, ends)).toEqual(expectedEnds(faults));
}, 320_000);

test.concurrent('every other test prompt ends at its deadline as docs/sandbox.md says', async ({
  expect,
}) => {
  const faults = FAULTS.filter(({ outcome }) => ENDS_BY_DEADLINE.has(outcome));
  expect(namedEnds(faults, await endsOf(faults.map(promptOf), '30'))).toEqual(expectedEnds(faults));
}, 120_000);

type Faults = typeof FAULTS;

function promptOf({ name }: Faults[number]): string {
  return `a cat [sandbox:${name}]`;
}

function expectedEnds(faults: Faults) {
  return Object.fromEntries(faults.map(({ name, outcome }) => [name, outcome]));
}

function namedEnds(faults: Faults, ends: readonly (string | undefined)[]) {
  return Object.fromEntries(faults.map(({ name }, index) => [name, ends[index]]));
}

/** The failure code of a job with each of these prompts, or its status. */
async function endsOf(prompts: readonly string[], deadlineSeconds: string): Promise<(string | undefined)[]> {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '10',
    JOB_DEADLINE_SECONDS: deadlineSeconds,
    SEGMIND_TIMEOUT_MS: '8000',
  });
  return await Promise.all(
    prompts.map(async (prompt) => {
      const job = await generate(gateway.url, { prompt, resolution: 'R360', videoLength: 1, steps: 10 });
      const last = (await watchToEnd(gateway.url, job.id)).at(-1);
      return last?.failure?.code ?? last?.status;
    }),
  );
}
