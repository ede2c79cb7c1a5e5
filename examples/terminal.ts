import { randomUUID } from 'node:crypto';

/** The gateway's GraphQL endpoint. */
export const ENDPOINT = `${process.env['REELGATE_URL'] ?? 'http://127.0.0.1:4000'}/graphql`;

/** Input from the command line: a prompt, then the URL of an image. Both have a default. */
export function readInput() {
  const [prompt = 'The camera moves slowly towards the door', image = SAMPLE_IMAGE] = process.argv.slice(2);
  // One key for each request. An app makes it when the button is pressed, and keeps it for all retries.
  return { prompt, image, idempotencyKey: randomUUID() };
}

const SAMPLE_IMAGE =
  'https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png';

/** The fields of a job that are shown. */
export interface ShownJob {
  readonly version: number;
  readonly status: string;
  readonly progress: number;
  readonly video?: { readonly url?: string | null } | null;
  readonly failure?: { readonly code: string; readonly message: string } | null;
}

/** Prints a line for the job's state, and one for its video or its failure. A failure sets exit code 1. */
export function show({ version, status, progress, video, failure }: ShownJob): void {
  console.log(`version ${version}  ${status}  ${progress.toFixed(2)}`);
  if (video != null) console.log(video.url);
  if (failure != null) fail(`${failure.code}: ${failure.message}`);
}

/** Prints the reason for a missing video, and sets exit code 1. */
export function fail(reason: unknown): void {
  console.error(reason instanceof Error ? reason.message : reason);
  process.exitCode = 1;
}
