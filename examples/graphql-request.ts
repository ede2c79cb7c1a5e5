import { ClientError, GraphQLClient } from 'graphql-request';
import { GENERATE_VIDEO, type GenerateVideoData, type VideoJob } from './documents.ts';
import { run } from './run.ts';
import { endpoint, headers } from './terminal.ts';
import { GatewayError, type GenerateVideo, type Subscribe } from './watch.ts';

const client = new GraphQLClient(endpoint, { headers });

const VIDEO_JOB = `
  query VideoJob($id: ID!) {
    videoJob(id: $id) { id version status isTerminal progress video { url } failure { code message } }
  }
`;

async function request<Data>(document: string, variables: object): Promise<Data> {
  try {
    return await client.request<Data>(document, variables);
  } catch (error) {
    if (error instanceof ClientError && error.response.errors !== undefined)
      throw new GatewayError(error.response.errors);
    throw error;
  }
}

const generateVideo: GenerateVideo = (input) => request<GenerateVideoData>(GENERATE_VIDEO, { input });

/** It has no subscriptions: it asks every two seconds. */
const subscribe: Subscribe = ({ id }, stream) => {
  const poll = async () => {
    try {
      const { videoJob } = await request<{ videoJob: VideoJob | null }>(VIDEO_JOB, { id });
      if (videoJob === null) return stream.error([{ message: 'There is no such job.' }]);
      stream.next({ data: { videoJobUpdated: videoJob } });
      if (videoJob.isTerminal) stream.complete();
    } catch (error) {
      stream.error(error);
    }
  };
  void poll();
  const timer = setInterval(() => void poll(), 2000);
  return () => clearInterval(timer);
};

await run(generateVideo, subscribe);
