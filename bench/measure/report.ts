import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Part } from '../parts/part.ts';
import { canKeepAwake, otherCores, pinned } from './cores.ts';
import { type Effort, FULL } from './effort.ts';
import { table } from './table.ts';

/** The whole report, in Markdown. */
export function reportOf(parts: readonly Part[], effort: Effort): string {
  const aims = parts.flatMap((part) => part.aims);
  const sections = parts.map(({ title, text }) => `## ${title}\n\n${text}\n`);
  return `# Benchmarks

\`npm run bench\` writes this file in about half an hour; \`npm run bench -- http\` and so on run one part. All servers have the same
schema and data, and each has to return the same data before it is measured. They are measured in turn, in another order each round, in
processes of their own, apart from the load generator. A figure is the median of all rounds, with the lowest and the highest in brackets. A
ratio is computed within each round. Reelgate runs as \`npm start\` runs it, with its own V8 flags (\`src/process/v8-flags.ts\`). The peers run
as their documentation shows.
${effort === FULL ? '' : '\nThis was a quick run, to see that it works: its figures mean little.\n'}
On ${machine()}.
Peers: ${peerVersions()}.

## Aims

${table(
  ['', 'aim', 'Reelgate', 'met', 'bare'],
  aims.map(({ what, aim, measured, met, bare = '' }) => [what, aim, measured, met ? 'yes' : 'no', bare]),
)}

“Bare” is the ceiling: servers of \`node:http\` and \`ws\` alone that send prepared answers and messages, without Redis, in the
same run. They run with the same V8 flags as Reelgate and batch as it does: at the end of each turn of the event loop all answers
are written in a row, and the messages of one socket are one TCP write.

${sections.join('\n')}`;
}

/** The machine, for the report. */
function machine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const place = pinned
    ? `pinned: what is measured has one core, all else ${otherCores === 1 ? 'another' : `${otherCores} others`}${canKeepAwake ? ', each kept awake by a process of the lowest priority' : ''}`
    : 'not pinned to cores';
  return `${cpus().length} cores (${model}), ${gibibytes} GiB, ${process.platform} ${release().split('-')[0]}, Node ${process.versions.node}; ${place}`;
}

/** The versions of the peers. */
function peerVersions(): string {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../peers/package.json', import.meta.url), 'utf8'),
  );
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
