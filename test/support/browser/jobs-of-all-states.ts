import { vi } from 'vitest';
import { generate, readJob, type SeenJob, watchToEnd } from '../gateway/spawned-gateway.ts';

/** Prompts of jobs that stay in the state of their name for a whole test. */
export const PROMPTS = {
  queued: 'a queue of ducks [sandbox:down]',
  inProgress: 'a river without an end [sandbox:endless]',
  ready: 'a sunrise',
  failed: 'a fight [sandbox:content-block]',
  failedRetryable: 'a letter [sandbox:lost-answer]',
} as const;

const SMALL = { resolution: 'R360', videoLength: 1 };

/** Makes a job in each state. The gateway's upstream is the sandbox. @returns their ids */
export async function makeJobsOfAllStates(
  url: string,
): Promise<Readonly<Record<keyof typeof PROMPTS, string>>> {
  const [queued, inProgress, ready, failed, failedRetryable] = await Promise.all([
    make(url, PROMPTS.queued),
    make(url, PROMPTS.inProgress),
    makeEnded(url, PROMPTS.ready),
    makeEnded(url, PROMPTS.failed),
    makeEnded(url, PROMPTS.failedRetryable),
  ]);
  await reached(url, inProgress, 'PROCESSING');
  return { queued, inProgress, ready, failed, failedRetryable };
}

/** Makes a small job and waits for its end. @returns its id */
export async function makeEnded(url: string, prompt: string): Promise<string> {
  const id = await make(url, prompt);
  await watchToEnd(url, id);
  return id;
}

async function make(url: string, prompt: string): Promise<string> {
  return (await generate(url, { ...SMALL, prompt })).id;
}

async function reached(url: string, id: string, status: SeenJob['status']): Promise<void> {
  await vi.waitUntil(async () => (await readJob(url, id))?.status === status, { timeout: 30_000 });
}
