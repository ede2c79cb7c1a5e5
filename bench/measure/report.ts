import type { Part } from '../parts/part.ts';
import { type Effort, FULL } from './effort.ts';
import { machine, peerVersions } from './machine.ts';
import { table } from './table.ts';

/** The whole report, in Markdown. */
export function reportOf(parts: readonly Part[], effort: Effort): string {
  const aims = parts.flatMap((part) => part.aims);
  const sections = parts.map(({ title, text }) => `## ${title}\n\n${text}\n`);
  return `# Benchmarks

\`npm run bench\` writes this file in about a quarter of an hour; \`npm run bench -- http\` and so on run one part. All servers have the same
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
