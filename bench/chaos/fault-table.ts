/** A metric of a row. */
export interface NamedMetric {
  /** A selector of PromQL. */
  readonly selector: string;
  /** The label by which the row distinguishes the fault; null: none. */
  readonly by: string | null;
}

/** A row of the table of faults. */
export interface FaultRow {
  readonly fault: string;
  readonly metrics: readonly NamedMetric[];
}

const HEAD = '| fault | signs | metric |';

/** Reads the table of faults. @throws Error when there is none, or a row names no metric */
export function readFaultTable(markdown: string): FaultRow[] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => line.startsWith(HEAD));
  if (head < 0) throw new Error(`There is no table with the head ${HEAD}`);
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map(readRow);
}

function readRow(line: string): FaultRow {
  // The last cell is not needed, so a missing end does not matter. A regular expression in a selector has no spaces around its bars.
  const [fault = '', , cell = ''] = line.slice(2).split(' | ');
  const metrics: NamedMetric[] = [];
  for (const [, code = '', by = null] of cell.matchAll(/`([^`]+)`(?: by (\w+))?/g)) {
    const last = metrics.at(-1);
    const selector = code.startsWith('{') ? `${nameOf(last?.selector ?? '')}${code}` : code;
    if (isMetric(selector)) metrics.push({ selector, by });
  }
  if (metrics.length === 0) throw new Error(`The row "${fault}" names no metric.`);
  return { fault, metrics };
}

/** The name of the metric of a selector. */
export function nameOf(selector: string): string {
  return selector.replace(/\{.*$/, '');
}

/** Other code in the cell has no underscore, such as the values of a label. */
function isMetric(selector: string): boolean {
  return nameOf(selector) === 'up' || nameOf(selector).includes('_');
}
