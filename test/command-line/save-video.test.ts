import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../packages/client/src/cli/exit-codes.ts';
import { saveVideo } from '../../packages/client/src/cli/save-video.ts';
import { createReelgate, type VideoJob } from '../../packages/client/src/index.ts';
import { consoleJob } from '../console/console-job.ts';
import { tempFolder } from '../support/temp-folder.ts';

const VIDEO = Buffer.alloc(300_000, 'video');
const HALF = 150_000;

/** Saves a video that a server of the test sends. */
async function save(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  signal?: AbortSignal,
) {
  using folder = tempFolder();
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = createReelgate({ url: `http://127.0.0.1:${port}/graphql` });
  const file = join(folder.path, 'wave.mp4');
  const shares: (number | null)[] = [];
  try {
    const onProgress = (share: number | null) => shares.push(share);
    const job = completedJob(`http://127.0.0.1:${port}/video.mp4`);
    await saveVideo(client, job, file, { signal: signal ?? new AbortController().signal, onProgress });
    return { bytes: readFileSync(file), files: readdirSync(folder.path), shares, error: null };
  } catch (error) {
    return { bytes: null, files: readdirSync(folder.path), shares, error };
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
}

test('a transfer that breaks is continued where it ended', async () => {
  const ranges: (string | undefined)[] = [];
  const { bytes, files, shares } = await save((request, response) => {
    ranges.push(request.headers.range);
    if (ranges.length === 1) {
      response.writeHead(200, { 'content-length': VIDEO.length });
      response.write(VIDEO.subarray(0, HALF), () => response.destroy());
      return;
    }
    const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0]);
    response.writeHead(206, {
      'content-range': `bytes ${from}-${VIDEO.length - 1}/${VIDEO.length}`,
      'content-length': VIDEO.length - from,
    });
    response.end(VIDEO.subarray(from));
  });
  expect(bytes?.equals(VIDEO)).toBe(true);
  expect(files).toEqual(['wave.mp4']);
  expect(ranges[1]).toMatch(/^bytes=\d+-$/);
  expect(shares.at(-1)).toBe(1);
});

test('a server that sends the whole file again is followed', async () => {
  let count = 0;
  const { bytes } = await save((_, response) => {
    count += 1;
    response.writeHead(200, { 'content-length': VIDEO.length });
    if (count === 1) response.write(VIDEO.subarray(0, HALF), () => response.destroy());
    else response.end(VIDEO);
  });
  expect(bytes?.equals(VIDEO)).toBe(true);
});

test('a refusal leaves no file and says how to try again', async () => {
  const { files, error } = await save((_, response) => response.writeHead(403).end());
  expect(files).toEqual([]);
  expect(error).toMatchObject({ exitCode: EXIT.notSaved, code: 'NOT_SAVED' });
  expect(String(error)).toMatch(/HTTP 403\. Try again: reelgate watch \S+ -o \S+wave\.mp4$/);
});

test('an interruption leaves no file', async () => {
  const stop = new AbortController();
  const { files, error } = await save((_, response) => {
    response.writeHead(200, { 'content-length': VIDEO.length });
    response.write(VIDEO.subarray(0, HALF), () => stop.abort());
  }, stop.signal);
  expect(files).toEqual([]);
  expect(error).toBe(stop.signal.reason);
});

function completedJob(url: string): VideoJob {
  const video = {
    __typename: 'GeneratedVideo',
    url,
    contentType: 'video/mp4',
    byteLength: null,
    expiresAt: null,
  } as const;
  return consoleJob({ status: 'COMPLETED', isTerminal: true, video });
}
