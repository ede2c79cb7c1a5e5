import { expect, test } from 'vitest';
import { watchedJob, watchJob } from '../../../packages/client/src/job-list/watched-job.ts';
import { SIGN_IN, signToken } from '../../auth/tokens.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { until } from '../../support/until.ts';
import { acceptedJob, clientOf } from '../client.ts';

test('the error of a refused token goes when there is another token, also if the job has not changed', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const { id } = await acceptedJob(gateway, { ownerId: 'ada' });
  using owner = clientOf(gateway.port, { token: await signToken() });
  const known = await owner.job(id);
  let token = 'wrong';
  using client = clientOf(gateway.port, { token: () => token });
  const stop = watchJob(client, id, known, () => {});
  await until(() => (watchedJob(client, id)?.error === null ? 'none' : 'refused'), 'refused');
  token = await signToken();
  client.connection.reconnect();
  await until(() => watchedJob(client, id)?.error, null);
  expect(watchedJob(client, id)?.job).toEqual(known);
  stop();
});
