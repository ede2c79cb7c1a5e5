import type { GenerateInput, VideoJob } from '@reelgate/client';

/** Where a snippet sends its request. */
export interface SnippetTarget {
  /** The gateway's GraphQL endpoint. */
  readonly url: string;
  /** Whether the gateway requires a token. A snippet reads it from the environment, so that a copy never contains one. */
  readonly needsToken: boolean;
}

const MUTATION = `mutation ($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    ... on GenerateVideoSuccess { job { id status } }
    ... on GenerateVideoError { code message }
    ... on GenerateVideoInvalidInput { issues { path message } }
  }
}`;

/** A shell command that sends a job's request again. */
export function curlSnippet(job: VideoJob, { url, needsToken }: SnippetTarget): string {
  const body = JSON.stringify({ query: MUTATION, variables: { input: inputOf(job) } });
  return [
    `curl -sS ${quoted(url)}`,
    "-H 'content-type: application/json'",
    ...(needsToken ? ['-H "authorization: Bearer $REELGATE_TOKEN"'] : []),
    `--data-raw ${quoted(body)}`,
  ].join(' \\\n  ');
}

/** A program that sends a job's request again and waits for the video. */
export function typescriptSnippet(job: VideoJob, { url, needsToken }: SnippetTarget): string {
  const token = needsToken ? ', token: process.env.REELGATE_TOKEN ?? null' : '';
  const fields = Object.entries(inputOf(job)).map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`);
  return `import { createReelgate } from '@reelgate/client';

const reelgate = createReelgate({ url: ${JSON.stringify(url)}${token} });
const { video } = await reelgate.generate({
${fields.join('\n')}
});
console.log(video.url);
`;
}

/** The input that a job was accepted with. */
export function inputOf({ request }: VideoJob): GenerateInput {
  const { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = request;
  return { image, prompt, negativePrompt, resolution, videoLength, steps, seed, base64 };
}

/** A text in single quotes for a POSIX shell, where everything but the quote itself is literal. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
