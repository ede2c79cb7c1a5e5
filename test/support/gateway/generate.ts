import { dataOf, graphql, type GraphQLAnswer } from './http.ts';

/** The outcome of `generateVideo`. */
export interface Generated {
  readonly __typename: string;
  readonly code?: string;
  readonly message?: string;
  readonly deduplicated?: boolean;
  readonly retryAfterSeconds?: number;
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
  readonly job?: { readonly id: string; readonly request?: Readonly<Record<string, unknown>> };
}

/** The smallest valid input. */
export const INPUT = { image: 'https://example.com/cat.png', prompt: 'a cat jumps' };

const REQUEST = 'image prompt negativePrompt resolution videoLength steps seed base64';

/** Selects all fields of each outcome of `generateVideo`. */
export const OUTCOME = `
  __typename
  ... on GenerateVideoSuccess { deduplicated job { id request { ${REQUEST} } } }
  ... on GenerateVideoError { code message }
  ... on GenerateVideoInvalidInput { issues { path message } }
  ... on GenerateVideoIdempotencyConflict { job { id } }
  ... on GenerateVideoCapacityExceeded { retryAfterSeconds }`;

const GENERATE = `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ${OUTCOME} } }`;

/** Runs `generateVideo`, which must return an outcome. */
export async function generate(url: string, input: object): Promise<Generated> {
  const { generateVideo } = await dataOf<{ generateVideo: Generated }>(url, GENERATE, { input });
  return generateVideo;
}

/** Runs `generateVideo`, which may fail with errors. */
export function tryGenerate(
  url: string,
  input: unknown,
): Promise<GraphQLAnswer<{ generateVideo: Generated | null }>> {
  return graphql(url, GENERATE, { input });
}

/** A job as the gateway lists it. */
export interface ListedJob {
  readonly id: string;
  readonly status: string;
  readonly request: {
    readonly prompt: string;
    readonly image: string;
    readonly resolution: string;
    readonly videoLength: number;
    readonly steps: number;
    readonly seed: number;
    readonly base64: boolean;
  };
}

/** The jobs with a prompt, newest first. */
export async function jobsWith(url: string, prompt: string): Promise<readonly ListedJob[]> {
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: readonly ListedJob[] } }>(
    url,
    '{ videoJobs(first: 100) { nodes { id status request { prompt image resolution videoLength steps seed base64 } } } }',
  );
  return videoJobs.nodes.filter(({ request }) => request.prompt === prompt);
}
