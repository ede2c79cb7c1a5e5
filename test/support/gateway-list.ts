import { dataOf } from './gateway-http.ts';

/** A job as the gateway lists it. */
export interface ListedJob {
  readonly id: string;
  readonly status: string;
  readonly request: { readonly prompt: string; readonly image: string };
}

/** The jobs with a prompt, newest first: how often something was really sent. */
export async function jobsWith(url: string, prompt: string): Promise<readonly ListedJob[]> {
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: readonly ListedJob[] } }>(
    url,
    '{ videoJobs(first: 100) { nodes { id status request { prompt image } } } }',
  );
  return videoJobs.nodes.filter(({ request }) => request.prompt === prompt);
}
