import { randomUUID } from 'node:crypto';
import { fail, input, show } from './terminal.ts';
import { type GenerateVideo, type Subscribe, untilAnswered, watchVideoJob } from './watch.ts';

/** Generates a video with a client of your own, and prints a line for each state of its job. */
export async function run(generateVideo: GenerateVideo, subscribe: Subscribe): Promise<void> {
  // One key for each request. An app makes it when the button is pressed, and keeps it for all retries.
  const request = { ...input, idempotencyKey: randomUUID() };
  try {
    const answer = (await untilAnswered(() => generateVideo(request)))?.generateVideo;
    if (answer?.job === undefined) throw new Error(answer?.message);
    watchVideoJob(
      subscribe,
      answer.job.id,
      (job) => {
        show(job);
        // Some clients keep idle connections open, and with them this process.
        if (job.isTerminal) process.exit();
      },
      fail,
    );
  } catch (error) {
    fail(error);
  }
}
