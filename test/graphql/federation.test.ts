import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { overrideStore } from '../support/override-store.ts';

const ENTITIES =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on VideoJob { id version } } }';

const of = (id: unknown) => ({ __typename: 'VideoJob', id });
const seen = (id: string) => ({ ...of(id), version: 1 });

it('gives routers its schema', async () => {
  await using gateway = await startGateway();
  const { _service } = await dataOf<{ _service: { sdl: string } }>(gateway.url, '{ _service { sdl } }');
  expect(_service.sdl).toBe(readFileSync('schema/subgraph.graphql', 'utf8'));
});

describe('entities', () => {
  it('are in order, null for those the caller cannot see, with one read of the store', async () => {
    const reads: (readonly string[])[] = [];
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          getMany: (ids) => {
            reads.push(ids);
            return store.getMany(ids);
          },
        }),
    });
    const mover = new JobMover(gateway);
    const [first, second] = [await mover.accept(), await mover.accept()];
    const foreign = await mover.accept({ ownerId: 'bob' });
    const ids = [second.id, 'unknown', foreign.id, first.id, second.id];
    const { _entities } = await dataOf<{ _entities: unknown }>(gateway.url, ENTITIES, {
      representations: ids.map(of),
    });
    expect(_entities).toEqual([seen(second.id), null, null, seen(first.id), seen(second.id)]);
    expect(reads).toEqual([[second.id, 'unknown', foreign.id, first.id]]);
  });

  it.each([
    { representation: { __typename: 'Product', id: '1' } },
    { representation: { __typename: 'VideoJob' } },
    { representation: of(1) },
    { representation: 'VideoJob' },
    { representation: [] },
  ])('are an error in their place for $representation', async ({ representation }) => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const representations = [of(id), representation];
    const { data, errors } = await graphql(gateway.url, ENTITIES, { representations });
    expect({ data, errors }).toMatchObject({
      data: { _entities: [{ __typename: 'VideoJob', id }, null] },
      errors: [
        {
          path: ['_entities', 1],
          message: '`representations[1]` must be { __typename: "VideoJob", id: "…" }.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  });

  it('can be literals in the document', async () => {
    await using gateway = await startGateway();
    const query = '{ _entities(representations: [{ __typename: "VideoJob", id: "x" }]) { __typename } }';
    expect(await dataOf(gateway.url, query)).toEqual({ _entities: [null] });
  });

  it('are answered as far as they fit, and the others are errors at their places', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const query =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on VideoJob { id request { prompt negativePrompt } } } }';
    const representations = Array.from({ length: 1000 }, () => of(id));
    const { data, errors = [] } = await graphql<{ _entities: unknown[] }>(gateway.url, query, {
      representations,
    });
    const { _entities: entities } = data ?? { _entities: [] };
    const room = entities.indexOf(null);
    expect(entities).toHaveLength(1000);
    expect(room).toBeGreaterThan(250);
    expect(entities.slice(room)).toEqual(Array.from({ length: 1000 - room }, () => null));
    expect(errors).toHaveLength(1000 - room);
    expect(errors[0]).toMatchObject({
      path: ['_entities', room],
      message: `The answer has room for ${room} of the 1000 representations. Ask for the others in another operation.`,
      extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' },
    });
  });
});
