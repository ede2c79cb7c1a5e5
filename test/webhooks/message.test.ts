import { isObjectType, parse } from 'graphql';
import { expect, it } from 'vitest';
import { ClientUrls } from '../../src/graphql/client-urls.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import { WEBHOOK_DOCUMENT, WebhookMessages } from '../../src/webhooks/message.ts';
import { METRICS, VIDEO } from '../domain/job/job-samples.ts';
import { acceptedJob } from '../support/jobs.ts';
import { MINUTE, NOON } from '../support/times.ts';

const schema = createSchema({ federation: true, model: WAN_MODEL });
const urls = ClientUrls.at('https://video.example.com', null, {
  sign: () => 'signature',
  retentionMs: MINUTE,
});
const messages = new WebhookMessages(schema, urls);

it('has the type, the time of the end and the finished job, with the URL of the gateway', () => {
  const job = acceptedJob({
    phase: 'completed',
    version: 6,
    submittedAt: NOON + 1,
    startedAt: NOON + 2,
    finishedAt: NOON + MINUTE,
    upstreamId: 'up-1',
    metrics: METRICS,
    video: { ...VIDEO, url: null, inline: true },
  });
  const body = messages.bodyOf(job);
  expect(JSON.parse(body)).toMatchObject({
    type: 'video_job.completed',
    timestamp: '2026-11-03T12:01:00.000Z',
    data: {
      id: job.id,
      version: 6,
      status: 'COMPLETED',
      isTerminal: true,
      request: { prompt: 'a cat jumps', resolution: 'R480' },
      finishedAt: '2026-11-03T12:01:00.000Z',
      progress: 1,
      upstreamRequestId: 'up-1',
      metrics: METRICS,
      video: {
        url: `https://video.example.com/media/${job.id}/signature.mp4`,
        byteLength: VIDEO.byteLength,
      },
      failure: null,
    },
  });
  expect(messages.bodyOf(job)).toBe(body);
});

it('has the reason of a failed job', () => {
  const failure = { code: 'CANCELED', message: 'Canceled.', retryable: true, charged: 'NO' } as const;
  const body = messages.bodyOf(acceptedJob({ phase: 'failed', failure }));
  expect(JSON.parse(body)).toMatchObject({
    type: 'video_job.failed',
    data: { status: 'FAILED', video: null, failure },
  });
});

it('reads every field of a job but two', () => {
  const selected = [
    ...JSON.stringify(parse(WEBHOOK_DOCUMENT, { noLocation: true })).matchAll(
      /"Field","name":\{"kind":"Name","value":"(\w+)"/g,
    ),
  ];
  const missing = [
    'VideoJob',
    'VideoJobRequest',
    'VideoJobMetrics',
    'GeneratedVideo',
    'VideoJobFailure',
  ].flatMap((name) => {
    const type = schema.getType(name);
    const names = isObjectType(type) ? Object.keys(type.getFields()) : [`no type ${name}`];
    return names.filter((field) => !selected.some(([, one]) => one === field));
  });
  // They are about the message itself.
  expect(missing).toEqual(['webhookDeliveries']);
});
