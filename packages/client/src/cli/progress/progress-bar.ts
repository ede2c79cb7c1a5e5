import { printable, type Output } from '../terminal.ts';
import { estimateProgress, secondsLeft, type SeenJob } from './estimate.ts';
import { jobText } from './job-text.ts';
import type { Progress } from './progress.ts';

const REPAINT_MS = 250;
/** Cells of the bar; fewer on a narrow terminal. */
const CELLS = 30;
/** Columns that the text beside the bar needs. */
const TEXT_COLUMNS = 40;
const DEFAULT_COLUMNS = 80;
/** Moves the cursor to the start of the line and clears the line. */
const CLEAR_LINE = '\r\u001B[2K';

/** Progress as a bar that is painted again on the same line. */
export function createProgressBar(output: Output, now: () => number): Progress {
  let seen: SeenJob | null = null;
  let shown = 0;
  let bar: { readonly share: number | null; readonly text: string } | null = null;

  function paint(): void {
    if (seen !== null) {
      // A new estimate may be lower; a bar that moves back would look like a fault.
      shown = Math.max(shown, estimateProgress(seen, now()));
      const seconds = secondsLeft(seen, now());
      bar = {
        share: shown,
        text: jobText(seen.job) + (seconds === null ? '' : `, ${duration(seconds)} left`),
      };
    }
    if (bar !== null) output.write(CLEAR_LINE + barLine(bar.share, bar.text, columnsOf(output)));
  }

  function show(share: number | null, text: string): void {
    seen = null;
    bar = { share, text };
    paint();
  }

  const timer = setInterval(paint, REPAINT_MS);
  return {
    uploaded: (share) => show(share, 'uploading'),
    saved: (share) => show(share, 'saving'),
    job: (job) => {
      if (seen === null) output.write(`${CLEAR_LINE}${job.id}\n`);
      seen = { job, at: now() };
      paint();
    },
    note: (text) => {
      output.write(`${CLEAR_LINE}${text}\n`);
      paint();
    },
    end: () => {
      clearInterval(timer);
      if (bar !== null) output.write(CLEAR_LINE);
      bar = null;
      seen = null;
    },
  };
}

/** Some terminals report a width of 0. */
function columnsOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : DEFAULT_COLUMNS;
}

/** The bar, the percentage and the text, cut to the width: a line that wraps could not be cleared. */
function barLine(share: number | null, text: string, columns: number): string {
  const cells = Math.max(0, Math.min(CELLS, columns - TEXT_COLUMNS));
  const full = Math.round((share ?? 0) * cells);
  const percent = share === null ? '' : `${String(Math.floor(share * 100)).padStart(3)} % `;
  const line = `${'█'.repeat(full)}${'░'.repeat(cells - full)} ${percent} ${printable(text)}`.trimStart();
  return line.slice(0, columns - 1);
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.ceil(seconds / 60)} min`;
}
