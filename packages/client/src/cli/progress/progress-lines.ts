import { printable, type Output } from '../terminal.ts';
import { jobText } from './job-text.ts';
import type { Progress } from './progress.ts';

/** Tenths, so that a log gets at most ten lines for a job in progress. */
const STEPS = 10;

/** Progress as lines, for logs: one for each new state or tenth. */
export function createProgressLines(output: Output): Progress {
  let last = '';
  const write = (line: string) => {
    if (line === last) return;
    last = line;
    output.write(`${line}\n`);
  };
  return {
    uploaded: (share) => write(`Uploading: ${tenths(share)} %`),
    saved: (share) => write(share === null ? 'Saving' : `Saving: ${tenths(share)} %`),
    job: (job) => {
      const percent = job.status === 'PROCESSING' ? `, ${tenths(job.progress)} %` : '';
      write(`${job.id} ${printable(jobText(job))}${percent}`);
    },
    note: write,
    end: () => {},
  };
}

function tenths(share: number): number {
  return (Math.floor(share * STEPS) * 100) / STEPS;
}
