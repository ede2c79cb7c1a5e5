/** The sample's jobs as Reelgate stores them. */
import type { JobIn } from '../../src/domain/job/job.ts';
import { ACCEPTED_AT, FIRST_VERSION, jobIdOf, STEPS, upstreamIdOf, VIDEO } from '../sample.ts';

/** The owner of requests without sign-in. */
const OWNER = 'anonymous';
/** A time after the end of every benchmark, in epoch milliseconds. */
export const FAR_AWAY = Date.UTC(2100, 0);

/** A job in progress. */
export function runningJob(number: number, version: number): JobIn<'processing'> {
  return {
    id: jobIdOf(number),
    ownerId: OWNER,
    version,
    phase: 'processing',
    request: {
      image: 'https://example.com/cat.png',
      prompt: 'a cat jumps over a sleeping dog, slow motion, golden hour',
      negativePrompt: 'blurry, bad quality, camera shake, distortion, poor composition',
      resolution: 480,
      videoLength: 3,
      steps: 30,
      seed: 42_424_242,
      base64: false,
    },
    createdAt: ACCEPTED_AT,
    updatedAt: ACCEPTED_AT + STEPS.started,
    deadlineAt: FAR_AWAY,
    startBefore: null,
    webhookUrl: null,
    traceparent: null,
    waitingFor: null,
    sentAt: ACCEPTED_AT,
    lostAnswer: null,
    upstreamId: upstreamIdOf(number),
    submittedAt: ACCEPTED_AT + STEPS.submitted,
    startedAt: ACCEPTED_AT + STEPS.started,
    finishedAt: null,
    forecast: null,
    metrics: null,
    video: null,
    failure: null,
  };
}

/** A completed job. */
export function completedJob(number: number): JobIn<'completed'> {
  const finishedAt = ACCEPTED_AT + STEPS.finished;
  return {
    ...runningJob(number, FIRST_VERSION),
    phase: 'completed',
    updatedAt: finishedAt,
    finishedAt,
    metrics: { queueSeconds: 3.75, inferenceSeconds: 48.2, costUsd: 0.2 },
    video: { ...VIDEO, inline: false, expiresAt: ACCEPTED_AT + STEPS.expires },
  };
}
