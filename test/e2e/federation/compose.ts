/**
 * Composes Reelgate's subgraph and products.graphql by one library and writes the supergraph.
 *
 * Arguments: `apollo` or `guild`, Reelgate's origin, the products' origin, the file to write. Exits with 1, and the
 * errors on standard error, when they do not compose.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { composeServices as byApollo } from '@apollo/composition';
import { composeServices as byGuild } from '@theguild/federation-composition';
import { parse } from 'graphql';

const [library, reelgate, products, target = ''] = process.argv.slice(2);
const compose = library === 'apollo' ? byApollo : byGuild;

const subgraph = (name: string, origin: string | undefined, file: string) => ({
  name,
  url: `${origin}/graphql`,
  typeDefs: parse(readFileSync(new URL(file, import.meta.url), 'utf8')),
});

const { supergraphSdl, errors } = compose([
  subgraph('reelgate', reelgate, '../../../schema/subgraph.graphql'),
  subgraph('products', products, 'products.graphql'),
]);

if (supergraphSdl === undefined) {
  process.stderr.write(`${errors?.map(({ message }) => message).join('\n')}\n`);
  process.exitCode = 1;
} else writeFileSync(target, supergraphSdl);
