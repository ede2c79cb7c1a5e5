import type { VideoJob } from '@reelgate/client';

/** A job as the console has it: the first of its versions, but for what is changed. */
export function consoleJob(change: Partial<VideoJob> = {}): VideoJob {
  return {
    __typename: 'VideoJob',
    id: 'vj_1',
    version: 1,
    status: 'QUEUED',
    waitingFor: null,
    isTerminal: false,
    createdAt: '2026-03-14T12:00:00.000Z',
    startBefore: null,
    submittedAt: null,
    startedAt: null,
    finishedAt: null,
    progress: 0,
    estimatedSubmissionAt: null,
    estimatedCompletionAt: null,
    upstreamRequestId: null,
    request: {
      __typename: 'VideoJobRequest',
      image: 'https://example.com/cat.png',
      prompt: 'a cat',
      negativePrompt: 'blurry',
      resolution: 'R480',
      videoLength: 3,
      steps: 30,
      seed: 42,
      base64: false,
    },
    metrics: null,
    video: null,
    failure: null,
    ...change,
  };
}
