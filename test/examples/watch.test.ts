import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { VIDEO_JOB_UPDATED, type VideoJobUpdatedData } from '../../examples/documents.ts';
import { type Subscribe, watchVideoJob } from '../../examples/watch.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';

test('a job that is watched no longer is not subscribed to again', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  const client = createClient({ url: `${gateway.url.replace(/^http/, 'ws')}/graphql`, retryAttempts: 0 });
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const seen = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const subscribe: Subscribe = (variables, stream) =>
    client.subscribe<VideoJobUpdatedData>(
      { query: VIDEO_JOB_UPDATED, variables },
      {
        ...stream,
        complete: () => {
          stream.complete();
          closed.resolve();
        },
      },
    );
  const stop = watchVideoJob(subscribe, id, () => seen.resolve(), seen.reject);
  await seen.promise;
  stop();
  await closed.promise;
  // It warns before each retry.
  expect(warn).not.toHaveBeenCalled();
  await client.dispose();
});
