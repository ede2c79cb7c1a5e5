import { type CommandArguments, outputOf } from './arguments.ts';
import type { Context } from './context.ts';
import { usageError } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { readImage } from './image.ts';
import { inputOf } from './input.ts';
import { createProgress } from './progress/progress.ts';
import { checkTarget } from './save-video.ts';
import { note } from './terminal.ts';

/** `reelgate generate`: sends a request, waits for the video and saves it. */
export async function generate(context: Context, { values, positionals }: CommandArguments): Promise<void> {
  const [image, prompt, ...others] = positionals;
  if (image === undefined || prompt === undefined) throw usageError('generate needs an image and a prompt.');
  if (others.length > 0) throw usageError('generate has too many arguments: put the prompt in quotes.');
  const target = outputOf(values);
  if (target !== null) await checkTarget(target, values.force === true);
  const input = { ...inputOf(prompt, values), image: await readImage(image) };
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
