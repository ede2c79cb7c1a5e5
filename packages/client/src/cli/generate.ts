import { randomInt } from 'node:crypto';
import type { VideoJobResolution } from '../documents.ts';
import type { GenerateInput } from '../types.ts';
import { type CommandArguments, integer, outputOf } from './arguments.ts';
import type { Context } from './context.ts';
import { usageError } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { readImage } from './image.ts';
import { createProgress } from './progress/progress.ts';
import { checkTarget } from './save-video.ts';
import { note } from './terminal.ts';

const RESOLUTIONS: Readonly<Record<string, VideoJobResolution>> = { 360: 'R360', 480: 'R480', 576: 'R576' };
const MAX_SEED = 2 ** 31 - 1;

/** `reelgate generate`: sends a request, waits for the video and saves it. */
export async function generate(context: Context, { values, positionals }: CommandArguments): Promise<void> {
  const [image, prompt, ...others] = positionals;
  if (image === undefined || prompt === undefined) throw usageError('generate needs an image and a prompt.');
  if (others.length > 0) throw usageError('generate has too many arguments: put the prompt in quotes.');
  const target = outputOf(values);
  if (target !== null) await checkTarget(target, values.force === true);
  const input: GenerateInput = {
    image: await readImage(image),
    prompt,
    negativePrompt: values['negative-prompt'],
    resolution: resolutionOf(values.resolution),
    videoLength: integer('--length', values.length),
    steps: integer('--steps', values.steps),
    seed: values.seed === 'random' ? randomInt(MAX_SEED) : integer('--seed', values.seed),
    idempotencyKey: values['idempotency-key'],
  };
  const { client, terminal, signal } = context;
  const progress = createProgress(terminal);
  let id: string | null = null;
  try {
    const job = await client.submit(input, {
      signal,
      onUploadProgress: (share) => progress.uploaded(share),
    });
    ({ id } = job);
    await followJob(context, progress, job, target);
  } catch (error) {
    progress.end();
    if (signal.aborted) note(terminal, stoppedText(id));
    throw error;
  } finally {
    progress.end();
  }
}

function stoppedText(id: string | null): string {
  return id === null
    ? 'Stopped before the gateway answered. It may have accepted a job: see "reelgate list".'
    : `Stopped waiting. The job continues; to wait again: reelgate watch ${id}`;
}

function resolutionOf(text: string | undefined): VideoJobResolution | undefined {
  if (text === undefined) return undefined;
  const found = RESOLUTIONS[text];
  if (found === undefined) throw usageError(`--resolution must be 360, 480 or 576, not "${text}".`);
  return found;
}
