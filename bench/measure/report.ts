import type { Part } from '../parts/part.ts';
import { machine, peerVersions } from './machine.ts';
import { table } from './table.ts';

/** The whole report, in Markdown. */
export function reportOf(parts: readonly Part[]): string {
  const aims = parts.flatMap((part) => part.aims);
  const sections = parts.map(({ title, text }) => `## ${title}\n\n${text}\n`);
  return `# Benchmarks

Written by \`npm run bench\` (about eight minutes; \`npm run bench -- http\` and so on run one part). All contestants serve the
same schema and data, take turns round by round, and run in processes of their own, apart from what asks them. A figure
is the median of all rounds, with the lowest and the highest behind it; a ratio is taken within each round. Before it is
measured, each contestant has to give the same data as all others.

On ${machine()}.
Peers: ${peerVersions()}.

## What is aimed at

${table(
  ['', 'aim', 'Reelgate'],
  aims.map(({ what, aim, measured }) => [what, aim, measured]),
)}

${sections.join('\n')}`;
}
