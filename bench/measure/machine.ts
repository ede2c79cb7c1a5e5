import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { canKeepAwake, otherCores, pinned } from './cores.ts';

/** What the benchmark ran on, for its report. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const place = pinned
    ? `pinned: what is measured has one core, all else ${otherCores === 1 ? 'another' : `${otherCores} others`}${canKeepAwake ? ', each kept awake by a process of the lowest priority' : ''}`
    : 'not pinned to cores';
  return `${cpus().length} cores (${model}), ${gibibytes} GiB, ${process.platform} ${release().split('-')[0]}, Node ${process.versions.node}; ${place}`;
}

/** The peers and their versions. */
export function peerVersions(): string {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('../peers/package.json', import.meta.url), 'utf8'),
  );
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
