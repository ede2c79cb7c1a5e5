import { describe, expect, it } from 'vitest';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import { OWNER, startGateway } from '../support/gateway/gateway.ts';
import { INPUT, OUTCOME, type Generated, generate, tryGenerate } from '../support/gateway/generate.ts';
import { graphql } from '../support/gateway/http.ts';
import { overrideStore } from '../support/override-store.ts';

describe('generateVideo', () => {
  it('answers with a job that is stored', async () => {
    await using gateway = await startGateway();
    const { __typename, deduplicated, job } = await generate(gateway.url, INPUT);
    expect({ __typename, deduplicated }).toEqual({ __typename: 'GenerateVideoSuccess', deduplicated: false });
    const [stored] = await gateway.store.getMany([job?.id ?? '']);
    expect(stored).toMatchObject({ ownerId: OWNER, phase: 'accepted', version: 1 });
  });

  it('fills in the defaults', async () => {
    await using gateway = await startGateway();
    const { job } = await generate(gateway.url, INPUT);
    expect(job?.request).toEqual({
      ...INPUT,
      negativePrompt: WAN_MODEL.defaults.negativePrompt,
      resolution: 'R480',
      videoLength: 3,
      steps: 30,
      seed: 42424242,
      base64: false,
    });
  });

  it('treats null as the default', async () => {
    await using gateway = await startGateway();
    const nulls = {
      negativePrompt: null,
      resolution: null,
      videoLength: null,
      steps: null,
      seed: null,
      base64: null,
    };
    const { job } = await generate(gateway.url, { ...INPUT, ...nulls, idempotencyKey: null });
    expect(job?.request).toEqual((await generate(gateway.url, INPUT)).job?.request);
  });

  it('accepts every field', async () => {
    await using gateway = await startGateway();
    const given = {
      image: 'http://example.com/a.jpg?b=c',
      prompt: 'ein Fuchs 🦊 läuft',
      negativePrompt: '',
      resolution: 'R576',
      videoLength: 5,
      steps: 70,
      seed: -1,
      base64: true,
    };
    const { job } = await generate(gateway.url, { ...given, prompt: `  ${given.prompt}\n` });
    expect(job?.request).toEqual(given);
  });

  it('names every fault of the input at once', async () => {
    await using gateway = await startGateway();
    const answer = await generate(gateway.url, {
      image: 'ftp://example.com/cat.png',
      prompt: ' ',
      negativePrompt: 'x'.repeat(2001),
      videoLength: 6,
      steps: 9,
      idempotencyKey: '',
    });
    expect(answer).toMatchObject({ __typename: 'GenerateVideoInvalidInput', code: 'INVALID_INPUT' });
    expect(answer.issues?.map(({ path }) => path)).toEqual([
      ['image'],
      ['prompt'],
      ['negativePrompt'],
      ['videoLength'],
      ['steps'],
      ['idempotencyKey'],
    ]);
    expect(await gateway.store.nextDueAt()).toBeNull();
  });

  it.each([
    ['no URL', 'cat.png'],
    ['an empty one', ''],
    ['a script', 'javascript:alert(1)'],
    ['one that is too long', `https://example.com/${'x'.repeat(2048)}`],
  ])('reports a wrong URL as an issue of the input: %s', async (_, image) => {
    await using gateway = await startGateway();
    const { issues = [] } = await generate(gateway.url, { ...INPUT, image });
    expect(new Set(issues.map(({ path }) => path.join('.')))).toEqual(new Set(['image']));
  });

  it.each([
    [{ image: 5 }, 'input.image'],
    [{ image: null }, 'input.image'],
    [{ prompt: ['a'] }, 'input.prompt'],
    [{ resolution: 480 }, 'input.resolution'],
    [{ resolution: 'R999' }, 'input.resolution'],
    [{ videoLength: 2.5 }, 'input.videoLength'],
    [{ steps: '30' }, 'input.steps'],
    [{ seed: 2 ** 31 }, 'input.seed'],
    [{ base64: 'yes' }, 'input.base64'],
    [{ unknown: 1 }, '"unknown"'],
  ])('refuses the wrong type of %j with the name of the field', async (change, field) => {
    await using gateway = await startGateway();
    const { data, errors = [] } = await tryGenerate(gateway.url, { ...INPUT, ...change });
    expect(data ?? null).toBeNull();
    expect(errors.map(({ message }) => message).join('\n')).toContain(field);
    expect(gateway.log.errors).toEqual([]);
  });

  it('does not affect other fields when one call fails', async () => {
    let calls = 0;
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          create: async (record) => {
            calls += 1;
            if (calls === 2) throw new StoreUnavailableError('secret');
            return store.create(record);
          },
        }),
    });
    const { data, errors = [] } = await graphql<Record<string, Generated | null>>(
      gateway.url,
      `mutation { ${one('a')} ${one('b')} ${one('c')} }`,
    );
    const success = { __typename: 'GenerateVideoSuccess' };
    expect(data).toMatchObject({ a: success, b: null, c: success });
    expect(errors.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
      [['b'], 'STORE_UNAVAILABLE'],
    ]);
  });

  it('answers STORE_UNAVAILABLE without the message of the store', async () => {
    await using gateway = await startGateway({
      wrapStore: (store) =>
        overrideStore(store, {
          create: () => Promise.reject(new StoreUnavailableError('secret at /var/db')),
        }),
    });
    const answer = await tryGenerate(gateway.url, INPUT);
    expect(answer.data).toEqual({ generateVideo: null });
    expect(answer.errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'STORE_UNAVAILABLE' }]);
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(gateway.log.errors.join('\n')).toContain('secret at /var/db');
  });
});

function one(alias: string): string {
  return `${alias}: generateVideo(input: { image: "${INPUT.image}", prompt: "${alias}" }) { ${OUTCOME} }`;
}
