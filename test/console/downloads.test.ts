import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createReelgate, type VideoJob } from '@reelgate/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { downloadJobs } from '../../console/src/jobs/list/download-jobs.ts';
import { fetchVideo } from '../../console/src/jobs/video-file.ts';
import { freePort } from '../support/network/ports.ts';
import { consoleJob } from './console-job.ts';

const client = createReelgate({ url: 'http://127.0.0.1:9/graphql' });
const requests: string[] = [];
const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/whole.mp4': (response) => response.end('the whole video'),
  '/stalled.mp4': (response) => response.write('the first bytes'),
  '/silent.mp4': () => {},
};
const server = createServer((request, response) => {
  requests.push(request.url ?? '');
  answers[request.url ?? '']?.(response);
});
let origin: string;

beforeAll(async () => {
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  client.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function jobAt(path: string, byteLength: number | null = null): VideoJob {
  const video = {
    __typename: 'GeneratedVideo',
    url: origin + path,
    contentType: 'video/mp4',
    byteLength,
    expiresAt: null,
  } as const;
  return consoleJob({ status: 'COMPLETED', isTerminal: true, video });
}

test('a video is fetched whole', async () => {
  const file = await fetchVideo(client, jobAt('/whole.mp4'));
  expect(await file?.text()).toBe('the whole video');
});

test.each(['/silent.mp4', '/stalled.mp4'])('a download that stalls ends without a file: %s', async (path) => {
  expect(await fetchVideo(client, jobAt(path), undefined, 200)).toBeNull();
});

test('videos that are too large for one archive are refused before the first one is fetched', async () => {
  requests.length = 0;
  const jobs = [jobAt('/whole.mp4', 2_200_000_000), jobAt('/whole.mp4', 2_200_000_000)];
  await expect(downloadJobs(client, jobs, new AbortController().signal, () => {})).rejects.toThrow(
    'The videos have 4.4 GB together, and one archive holds at most 4.3 GB. Select fewer.',
  );
  expect(requests).toEqual([]);
});
