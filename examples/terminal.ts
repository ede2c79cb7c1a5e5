import { randomUUID } from 'node:crypto';
import type { VideoJob } from './documents.ts';
import { type GenerateVideo, type Subscribe, untilAnswered, watchVideoJob } from './watch.ts';

/** The gateway's GraphQL endpoint. */
export const endpoint = `${process.env['REELGATE_URL'] ?? 'http://127.0.0.1:4000'}/graphql`;

/** The caller's token. An app takes it from its session, and renews it before it expires. */
export const token = (): string => process.env['REELGATE_TOKEN'] ?? '';

/** The headers of a request. */
export const headers = () => ({ authorization: `Bearer ${token()}` });

/**
 * Generates a video with the prompt of the command line, and prints a line for each state of its job.
 *
 * A failure sets exit code 1.
 */
export async function run(generateVideo: GenerateVideo, subscribe: Subscribe): Promise<void> {
  const [prompt = 'The camera moves slowly towards the door', image = SAMPLE_IMAGE] = process.argv.slice(2);
  // One key for each request. An app makes it when the button is pressed, and keeps it for all retries.
  const input = { prompt, image, idempotencyKey: randomUUID() };
  try {
    const answer = (await untilAnswered(() => generateVideo(input)))?.generateVideo;
    if (answer?.job === undefined) throw new Error(answer?.message);
    watchVideoJob(subscribe, answer.job.id, show, fail);
  } catch (error) {
    fail(error);
  }
}

const SAMPLE_IMAGE =
  'https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png';

function show({ version, status, progress, isTerminal, video, failure }: VideoJob): void {
  console.log(`version ${version}  ${status}  ${progress.toFixed(2)}`);
  if (video != null) console.log(video.url);
  if (failure != null) console.error(`${failure.code}: ${failure.message}`);
  // Clients keep idle connections open, and with them this process.
  if (isTerminal) process.exit(failure == null ? 0 : 1);
}

function fail(reason: unknown): void {
  console.error(reason instanceof Error ? reason.message : reason);
  process.exit(1);
}
