import { expect, it } from 'vitest';
import { KEY, resultOf, textOf, history } from '../support.ts';
import { completed } from './fault-stage.ts';

it.each([
  ['output-only', (url: string) => ({ output: url })],
  ['result-list', (url: string) => ({ output: [url] })],
  ['result-video-url', (url: string) => ({ video_url: url })],
  ['result-videos', (url: string) => ({ videos: [{ url }] })],
])('%s has the URL in its own place only', async (name, shape) => {
  const { url, id } = await completed(name);
  const video = textOf((await history(url, `/${id}`)).body, 'generation_url');
  expect((await resultOf(url, id)).body).toEqual({
    status: 'COMPLETED',
    request_id: id,
    error: null,
    metrics: expect.objectContaining({ cost: 0.53 }),
    ...shape(video),
  });
  expect((await fetch(video)).headers.get('content-type')).toBe('video/mp4');
});

it('result-list has a URL even for a job that asked for base64', async () => {
  const { url, id } = await completed('result-list', { base64: true });
  expect((await resultOf(url, id)).body?.['output']).toEqual([expect.stringMatching(/^http.*\.mp4$/)]);
});

it('result-raw is the video file itself', async () => {
  const { url, id } = await completed('result-raw');
  const response = await fetch(`${url}/v2/requests/${id}`, { headers: KEY });
  const video = await fetch(textOf((await history(url, `/${id}`)).body, 'generation_url'));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('video/mp4');
  expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(await video.arrayBuffer()));
});

it.each([{}, { base64: true }])('result-base64-none never has a video, with %j', async (fields) => {
  const { url, id, results } = await completed('result-base64-none', fields);
  for (const { status, body } of await results(4)) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'COMPLETED', output: 'None' });
    expect(body).not.toHaveProperty('video');
  }
  const row = { model_status: 'COMPLETED', generation_url: 'None' };
  expect((await history(url, `/${id}`)).body).toMatchObject(row);
});

it.each([
  ['result-unreadable', 200, /^\{"status":"COMPLETED".*[^}]$/],
  ['result-expired', 404, /^\{"error":"Request [0-9a-f]{32} not found"\}$/],
])('%s has its video in the history', async (name, httpStatus, words) => {
  const { url, id, results } = await completed(name);
  for (const { status, text } of await results(4)) {
    expect(status).toBe(httpStatus);
    expect(text).toMatch(words);
  }
  const row = (await history(url, `/${id}`)).body;
  expect(row).toMatchObject({ model_status: 'COMPLETED', credits_deduction: 0.53 });
  expect((await fetch(textOf(row, 'generation_url'))).status).toBe(200);
});
