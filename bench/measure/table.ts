import type { Sample } from './statistics.ts';

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A sample with three significant digits and its range: `1.23 (1.20–1.31)`. */
export function shown({ median, min, max }: Sample): string {
  return `${digits(median)} (${digits(min)}–${digits(max)})`;
}

/** A number with three significant digits and thousands separators. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toPrecision(3)).toLocaleString('en', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
}
