import { createClient } from 'graphql-ws';
import {
  GENERATE_VIDEO,
  type GenerateVideoData,
  VIDEO_JOB_UPDATED,
  type VideoJobUpdatedData,
} from './documents.ts';
import { run } from './run.ts';
import { endpoint, token } from './terminal.ts';
import { GatewayError, type GenerateVideo, type Subscribe } from './watch.ts';

const client = createClient({
  url: endpoint.replace(/^http/, 'ws'),
  connectionParams: () => ({ token: token() }),
  retryAttempts: 0, // watchVideoJob subscribes again, with the newest version.
});

const generateVideo: GenerateVideo = async (input) => {
  const results = client.iterate<GenerateVideoData>({ query: GENERATE_VIDEO, variables: { input } });
  for await (const { data, errors } of results) {
    if (errors !== undefined) throw new GatewayError(errors);
    return data;
  }
  throw new Error('There was no answer.');
};

const subscribe: Subscribe = (variables, stream) =>
  client.subscribe<VideoJobUpdatedData>({ query: VIDEO_JOB_UPDATED, variables }, stream);

await run(generateVideo, subscribe);
