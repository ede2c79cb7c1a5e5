import { vi } from 'vitest';
import { generate, readJob, type SeenJob, watchToEnd } from './spawned-gateway.ts';

const SMALL = { resolution: 'R360', videoLength: 1 };

/** The prompts of jobs that stay as their names say for as long as a test takes. */
export const PROMPTS = {
  queued: 'a queue of ducks [sandbox:down]',
  inProgress: 'a river without an end [sandbox:endless]',
  ready: 'a sunrise',
  failed: 'a fight [sandbox:content-block]',
  failedRetryable: 'a letter [sandbox:lost-answer]',
} as const;

/** Makes a job in each state, at a gateway with the sandbox. @returns their ids */
export async function makeJobsOfAllStates(
  url: string,
): Promise<Readonly<Record<keyof typeof PROMPTS, string>>> {
  const make = async (prompt: string) => (await generate(url, { ...SMALL, prompt })).id;
  const [queued, inProgress, ready, failed, failedRetryable] = await Promise.all([
    make(PROMPTS.queued),
    make(PROMPTS.inProgress),
    make(PROMPTS.ready),
    make(PROMPTS.failed),
    make(PROMPTS.failedRetryable),
  ]);
  await Promise.all([
    ...[ready, failed, failedRetryable].map((id) => watchToEnd(url, id)),
    reached(url, inProgress, 'PROCESSING'),
  ]);
  return { queued, inProgress, ready, failed, failedRetryable };
}

async function reached(url: string, id: string, status: SeenJob['status']): Promise<void> {
  await vi.waitUntil(async () => (await readJob(url, id))?.status === status, { timeout: 10_000 });
}
