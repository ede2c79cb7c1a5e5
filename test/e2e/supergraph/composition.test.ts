import { beforeAll, expect, it } from 'vitest';
import { type Composer, composeAll, FEDERATION, installFederation, type Subgraph } from './composition.ts';

const INSTALL_MS = 300_000;
const COMPOSERS: readonly Composer[] = ['apollo', 'guild', 'wundergraph', 'grafbase'];

/** Subgraphs of other teams. In the first list `File` is an object type, in the second a scalar. */
const OTHERS = [
  ['catalogue', 'hiring', 'media'],
  ['catalogue', 'hiring', 'cms'],
];

const reelgate: Subgraph = {
  name: 'reelgate',
  url: 'http://reelgate.internal:4000/graphql',
  file: 'schema/subgraph.graphql',
};

const other = (name: string): Subgraph => ({
  name,
  url: `http://${name}.internal/graphql`,
  file: `${FEDERATION}/subgraphs/${name}.graphql`,
});

beforeAll(installFederation, INSTALL_MS);

it('every composer accepts the subgraph beside those of other teams', async () => {
  const compositions = COMPOSERS.flatMap((composer) =>
    OTHERS.map((names) => ({ composer, subgraphs: [reelgate, ...names.map(other)] })),
  );
  const errors = await composeAll(compositions);
  const results = compositions.map(({ composer, subgraphs }, index) => ({
    composer,
    names: subgraphs.map(({ name }) => name).join(),
    errors: errors[index],
  }));
  expect(results.filter((result) => result.errors?.length !== 0)).toEqual([]);
});
