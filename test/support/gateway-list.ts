import { dataOf } from './gateway-http.ts';

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
    readonly base64: boolean;
  };
}

/** The jobs with a prompt, newest first: how often something was really sent. */
export async function jobsWith(url: string, prompt: string): Promise<readonly ListedJob[]> {
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: readonly ListedJob[] } }>(
    url,
    '{ videoJobs(first: 100) { nodes { id status request { prompt image resolution videoLength steps base64 } } } }',
  );
  return videoJobs.nodes.filter(({ request }) => request.prompt === prompt);
}
