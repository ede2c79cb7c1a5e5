import { VideoJobFailedError } from '../errors.ts';
import type { VideoJob } from '../types.ts';
import type { Context } from './context.ts';
import type { Progress } from './progress/progress.ts';
import { saveVideo } from './save-video.ts';
import { note, print, printable } from './terminal.ts';

/** Where the video of a job is saved; null: nowhere. */
export type Target = string | null;

/**
 * Shows a job until it ends, saves its video, and prints where it is.
 *
 * @throws VideoJobFailedError when the job fails
 */
export async function followJob(
  context: Context,
  progress: Progress,
  first: VideoJob,
  target: Target,
): Promise<void> {
  const { client, terminal, signal } = context;
  let last = first;
  const show = (job: VideoJob) => {
    last = job;
    progress.job(job);
    if (terminal.json) print(terminal, JSON.stringify(job));
  };
  show(first);
  const stop = noteConnection(context, progress.note);
  try {
    if (!first.isTerminal) {
      for await (const job of client.watch(first.id, { signal, sinceVersion: first.version })) show(job);
    }
    // An iteration may also end because it was aborted.
    signal.throwIfAborted();
    if (last.status !== 'COMPLETED') throw new VideoJobFailedError(last);
    if (target !== null)
      await saveVideo(client, last, target, { signal, onProgress: (share) => progress.saved(share) });
  } finally {
    stop();
    progress.end();
  }
  if (terminal.json) return;
  const place = target ?? last.video?.url;
  if (place != null) print(terminal, printable(place));
  else note(terminal, `The gateway stores the video. Save it: reelgate watch ${last.id} -o video.mp4`);
}

/** Calls `tell` when the connection is lost and when it is back. @returns a function that ends it */
export function noteConnection({ client }: Context, tell: (text: string) => void): () => void {
  let isLost = false;
  return client.connection.onChange(() => {
    const { state } = client.connection;
    if (state === 'reconnecting' && !isLost) {
      isLost = true;
      tell('No connection to the gateway. Trying again …');
    } else if (state === 'connected' && isLost) {
      isLost = false;
      tell('Connected again.');
    }
  });
}
