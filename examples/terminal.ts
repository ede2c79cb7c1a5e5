import { randomUUID } from 'node:crypto';

/** The gateway's GraphQL endpoint. */
export const ENDPOINT = `${process.env['REELGATE_URL'] ?? 'http://127.0.0.1:4000'}/graphql`;

/** What the command line asks for: a prompt, then the URL of an image; both have a default. */
export function readWish() {
  const [prompt = 'The camera moves slowly towards the door', image = SAMPLE_IMAGE] = process.argv.slice(2);
  // One key for one wish: in an app it is made at the press of the button and kept over all retries.
  return { prompt, image, idempotencyKey: randomUUID() };
}

const SAMPLE_IMAGE =
  'https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png';

/** What is shown of a job. */
export interface ShownJob {
  readonly version: number;
  readonly status: string;
  readonly progress: number;
  readonly video?: { readonly url?: string | null } | null;
  readonly failure?: { readonly code: string; readonly message: string } | null;
}

/** Writes one line for the job's state, and one for its video or its failure, which is also the exit code. */
export function show({ version, status, progress, video, failure }: ShownJob): void {
  console.log(`version ${version}  ${status}  ${progress.toFixed(2)}`);
  if (video != null) console.log(video.url);
  if (failure != null) fail(`${failure.code}: ${failure.message}`);
}

/** Says why there will be no video; the process ends with code 1. */
export function fail(reason: unknown): void {
  console.error(reason instanceof Error ? reason.message : reason);
  process.exitCode = 1;
}
