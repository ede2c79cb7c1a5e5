import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { dataOf, graphql } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { jobId, videoRequest } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { NOON } from '../support/times.ts';

const ENTITIES =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on VideoJob { id version } } }';

/** With the type names that routers add. */
const EVERY_FIELD = `query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on VideoJob {
  __typename id version status waitingFor isTerminal progress createdAt submittedAt startedAt finishedAt estimatedCompletionAt upstreamRequestId
  request { __typename image prompt negativePrompt resolution videoLength steps seed base64 }
  metrics { __typename queueSeconds inferenceSeconds costUsd } video { __typename url contentType byteLength expiresAt }
  failure { __typename code message retryable charged } } } }`;

const of = (id: unknown) => ({ __typename: 'VideoJob', id });
const seen = (id: string) => ({ ...of(id), version: 1 });

/** Asks for entities. */
async function ask(url: string, query: string, representations: readonly unknown[]) {
  const { data, errors = [] } = await graphql<{ _entities: ({ id: string } | null)[] }>(url, query, {
    representations,
  });
  const { _entities: entities } = data ?? { _entities: [] };
  return { entities, errors };
}

/** Counts the turns of the event loop that a task takes. */
async function turnsOf(task: () => Promise<void>): Promise<number> {
  let turns = 0;
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  await task();
  clearImmediate(counting);
  return turns;
}

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

  it('are 1,000 in one request with every field, and wrong ones are errors at their places', async () => {
    await using gateway = await startGateway();
    const mover = new JobMover(gateway);
    const jobs = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        mover.accept({ request: videoRequest({ prompt: `${index} ${'a cat jumps '.repeat(40)}` }) }),
      ),
    );
    const representations = Array.from({ length: 1000 }, (_, index) =>
      index % 100 === 99 ? { __typename: 'Product', id: '1' } : of(jobs[index % 20]?.id),
    );
    const { entities, errors } = await ask(gateway.url, EVERY_FIELD, representations);
    const wrong = Array.from({ length: 10 }, (_, index) => 100 * index + 99);
    expect(entities.map((entity) => entity?.id ?? '1')).toEqual(representations.map(({ id }) => id));
    expect(entities.filter((entity) => entity === null)).toHaveLength(wrong.length);
    expect(errors.map(({ path }) => path)).toEqual(wrong.map((index) => ['_entities', index]));
    expect(new Set(errors.map(({ extensions }) => extensions?.['code']))).toEqual(
      new Set(['BAD_USER_INPUT']),
    );
  });

  it('are errors in the reads of the store that fail, and no others', async () => {
    const failing = jobId(NOON);
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          getMany: (ids) =>
            ids.includes(failing) ? Promise.reject(new StoreUnavailableError('gone')) : store.getMany(ids),
        }),
    });
    const { id } = await new JobMover(gateway).accept();
    const representations = Array.from({ length: 1000 }, (_, index) => of(index === 500 ? failing : id));
    const { entities, errors } = await ask(gateway.url, ENTITIES, representations);
    const failed = entities.flatMap((entity, index) => (entity === null ? [index] : []));
    expect(entities).toHaveLength(1000);
    expect(failed).toContain(500);
    expect(failed.length).toBeLessThan(100);
    expect(errors).toMatchObject(
      failed.map((index) => ({ path: ['_entities', index], extensions: { code: 'STORE_UNAVAILABLE' } })),
    );
  });

  it('are completed in many turns of the event loop, so that other requests are served', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const representations = Array.from({ length: 1000 }, () => of(id));
    const turns = await turnsOf(async () => {
      const { errors } = await ask(gateway.url, EVERY_FIELD, representations);
      expect(errors).toEqual([]);
    });
    // 20 to execute them, and 20 to write them.
    expect(turns).toBeGreaterThan(40);
  });

  it('are completed in as many turns when they are in many lists', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const list = EVERY_FIELD.slice(EVERY_FIELD.indexOf('_entities'), EVERY_FIELD.lastIndexOf('}'));
    const lists = Array.from({ length: 25 }, (_, index) => `a${index}: ${list}`).join(' ');
    const turns = await turnsOf(async () => {
      const { errors } = await graphql(gateway.url, `query ($representations: [_Any!]!) { ${lists} }`, {
        representations: Array.from({ length: 40 }, () => of(id)),
      });
      expect(errors).toBeUndefined();
    });
    // 20 to execute them, and 25 to write them.
    expect(turns).toBeGreaterThan(45);
  });

  it('with many fields have the limit of other operations, as 50 are executed in one turn', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const fields = Array.from({ length: 30 }, (_, index) => `a${index}: request { prompt }`).join(' ');
    const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on VideoJob { id ${fields} } } }`;
    const representations = Array.from({ length: 100 }, () => of(id));
    const { entities } = await ask(gateway.url, query, representations);
    // Each could have 360 kB.
    expect(entities.indexOf(null)).toBeGreaterThan(30);
    expect(entities.indexOf(null)).toBeLessThan(40);
  });

  it('are answered as far as they fit, and the others are errors at their places', async () => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    const query =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on VideoJob { id a: request { prompt negativePrompt } b: request { prompt negativePrompt } c: request { prompt negativePrompt } } } }';
    const representations = Array.from({ length: 1000 }, () => of(id));
    const { entities, errors } = await ask(gateway.url, query, representations);
    const room = entities.indexOf(null);
    expect(entities).toHaveLength(1000);
    expect(room).toBeGreaterThan(500);
    expect(entities.slice(room)).toEqual(Array.from({ length: 1000 - room }, () => null));
    expect(errors).toHaveLength(1000 - room);
    expect(errors[0]).toMatchObject({
      path: ['_entities', room],
      message: `The answer has room for ${room} of the 1000 representations. Ask for the others in another operation.`,
      extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' },
    });
  });
});
