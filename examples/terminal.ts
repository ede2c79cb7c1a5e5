import type { VideoJob } from './documents.ts';

/** The gateway's GraphQL endpoint. */
export const endpoint = `${process.env['REELGATE_URL'] ?? 'http://127.0.0.1:4000'}/graphql`;

/** The caller's token. An app takes it from its session, and renews it before it expires. */
export const token = (): string => process.env['REELGATE_TOKEN'] ?? '';

/** The headers of a request. */
export const headers = () => ({ authorization: `Bearer ${token()}` });

const SAMPLE_IMAGE =
  'https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png';

const [prompt = 'The camera moves slowly towards the door', image = SAMPLE_IMAGE] = process.argv.slice(2);

/** The request of the command line. */
export const input = { prompt, image };

/** Prints a line for a state of a job. A failure sets exit code 1. */
export function show({ version, status, progress, video, failure }: VideoJob): void {
  console.log(`version ${version}  ${status}  ${progress.toFixed(2)}`);
  if (video != null) console.log(video.url);
  if (failure != null) fail(`${failure.code}: ${failure.message}`);
}

/** Prints why there is no video, and ends the program. */
export function fail(reason: unknown): never {
  console.error(reason instanceof Error ? reason.message : reason);
  process.exit(1);
}
