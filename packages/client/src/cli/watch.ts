import { type CommandArguments, outputOf } from './arguments.ts';
import type { Context } from './context.ts';
import { CommandError, EXIT, usageError } from './exit-codes.ts';
import { followJob, noteConnection } from './follow-job.ts';
import { jobText } from './progress/job-text.ts';
import { createProgress } from './progress/progress.ts';
import { checkTarget } from './save-video.ts';
import { note, print, printable } from './terminal.ts';

/** `reelgate watch`: shows a job until it ends, or all jobs. */
export async function watch(context: Context, { values, positionals }: CommandArguments): Promise<void> {
  const [id, ...others] = positionals;
  if (others.length > 0) throw usageError('watch has too many arguments: give one id, or none for all jobs.');
  const target = outputOf(values);
  if (id === undefined) {
    if (target !== null) throw usageError('watch saves the video of one job: give its id.');
    return watchAll(context);
  }
  if (target !== null) await checkTarget(target, values.force === true);
  const { client, terminal, signal } = context;
  // Ends when the gateway cannot be reached, as a subscription does not.
  const job = await client.job(id, { signal });
  if (job === null)
    throw new CommandError(EXIT.refused, 'NOT_FOUND', `The gateway has no job ${printable(id)} of yours.`);
  const progress = createProgress(terminal);
  try {
    await followJob(context, progress, job, target);
  } finally {
    progress.end();
  }
}

async function watchAll(context: Context): Promise<void> {
  const { client, terminal, signal } = context;
  const stop = noteConnection(context, (text) => note(terminal, text));
  let isFirst = true;
  try {
    for await (const change of client.watchAll({ signal })) {
      if (change.type === 'watching') {
        note(
          terminal,
          isFirst
            ? 'Watching all jobs. Ctrl+C stops.'
            : 'Changes in between were missed: see "reelgate list".',
        );
        isFirst = false;
      } else if (terminal.json) {
        print(terminal, JSON.stringify(change.type === 'updated' ? change.job : { deleted: change.id }));
      } else {
        print(
          terminal,
          change.type === 'updated'
            ? `${change.job.id} ${printable(jobText(change.job))}`
            : `${change.id} deleted`,
        );
      }
    }
  } finally {
    stop();
  }
  signal.throwIfAborted();
}
