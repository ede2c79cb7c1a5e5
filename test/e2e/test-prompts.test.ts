import { expect, test } from 'vitest';
import { FAULTS } from '../../src/sandbox/faults.ts';
import { generate, spawnGateway, watchToEnd } from '../support/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('every test prompt ends as the README says, all of them at once, beside a job that asks for nothing', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '10',
    // What never ends is ended by its deadline.
    JOB_DEADLINE_SECONDS: '70',
    SEGMIND_TIMEOUT_MS: '8000',
  });
  const endOf = async (prompt: string): Promise<string | undefined> => {
    const job = await generate(gateway.url, { prompt, resolution: 'R360', videoLength: 1, steps: 10 });
    const last = (await watchToEnd(gateway.url, job.id)).at(-1);
    return last?.failure?.code ?? last?.status;
  };
  const names = FAULTS.map(({ name }) => name);
  const [plain, ...ends] = await Promise.all([
    endOf('a cat'),
    ...names.map((name) => endOf(`a cat [sandbox:${name}]`)),
  ]);
  expect(plain).toBe('COMPLETED');
  expect(Object.fromEntries(names.map((name, index) => [name, ends[index]]))).toEqual(
    Object.fromEntries(FAULTS.map(({ name, ends: expected }) => [name, expected])),
  );
}, 120_000);
