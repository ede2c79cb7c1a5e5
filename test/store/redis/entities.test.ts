import { expect, it } from 'vitest';
import { createAll, DAMAGES, present } from '../../contract/job-store-cases/opened-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { OWNER, startGateway } from '../../support/gateway/gateway.ts';
import { graphql } from '../../support/gateway/http.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { NOON } from '../../support/times.ts';
import { openContract } from './open-contract.ts';

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on VideoJob { id status request { prompt } } }
}`;

it('a thousand jobs are read as entities; those that cannot be read are null, and no others', async () => {
  await using redis = await RedisServer.start();
  const clock = new FakeClock();
  await using opened = await openContract([redis.url], clock);
  await using gateway = await startGateway({ clock, storage: { store: opened.store, cache: null } });
  const jobs = Array.from({ length: 1000 }, (_, index) =>
    acceptedJob({ ownerId: OWNER, createdAt: NOON + index }),
  );
  await createAll(opened.store, jobs);
  const broken = DAMAGES.map((damage, index) => ({ damage, id: present(jobs[100 * index + 7]).id }));
  for (const { id, damage } of broken) await opened.damage(id, damage);
  const representations = jobs.map(({ id }) => ({ __typename: 'VideoJob', id }));
  const { data, errors } = await graphql(gateway.url, ENTITIES, { representations });
  const expected = jobs.map(({ id, request: { prompt } }) =>
    broken.some((each) => each.id === id) ? null : { id, status: 'QUEUED', request: { prompt } },
  );
  expect({ data, errors }).toEqual({ data: { _entities: expected } });
  expect(opened.unreadable.toSorted()).toEqual(broken.map(({ id }) => id).toSorted());
});
