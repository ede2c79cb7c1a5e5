/** Writes the schemas to schema/. With --check it compares them instead and fails when they differ. */
import { readFileSync, writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { createSchema, subgraphSdl } from '../src/graphql/schema.ts';
import { WAN_MODEL } from '../src/providers/segmind/facts.ts';

const schema = createSchema({ federation: false, model: WAN_MODEL });
const prints = {
  'schema.graphql': `${printSchema(lexicographicSortSchema(schema))}\n`,
  'subgraph.graphql': subgraphSdl(WAN_MODEL),
};

for (const [name, printed] of Object.entries(prints)) {
  const file = new URL(`../schema/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(file, printed);
  else if (readFileSync(file, 'utf8') !== printed) {
    process.stderr.write(`schema/${name} does not match the code. Run: npm run schema\n`);
    process.exitCode = 1;
  }
}
