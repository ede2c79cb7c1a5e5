/** A bar of a chart. */
export interface Bar {
  readonly label: string;
  /** From 0 to 1. */
  readonly value: number;
}

const WIDTH = 760;
const LABELS = 290;
const SCALE = 380;
const ROW = 26;
const TOP = 64;

/** Draws what share of the fixed interval's polls are left at the same delay, a bar a scenario, as an SVG. */
export function plot(bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 24;
  const rows = bars.map(({ label, value }, index) => {
    const y = TOP + index * ROW;
    const width = (value * SCALE).toFixed(1);
    return [
      `<text x="${LABELS - 10}" y="${y + 15}" text-anchor="end">${label}</text>`,
      `<rect x="${LABELS}" y="${y + 2}" width="${width}" height="18" rx="2" fill="#2f7ebd"/>`,
      `<text x="${LABELS + value * SCALE + 6}" y="${y + 15}" font-weight="600">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  const full = LABELS + SCALE;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328" role="img" aria-label="Polls times delay of the learned plan, as a share of polling every 2 seconds">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="24" font-size="15" font-weight="600">Polls of the learned plan at the same mean delay, as a share of polling every 2 s</text>
<text x="${full}" y="${TOP - 12}" text-anchor="middle" fill="#656d76">every 2 s = 1</text>
<line x1="${full}" y1="${TOP - 6}" x2="${full}" y2="${height - 18}" stroke="#656d76" stroke-dasharray="4 3"/>
${rows.join('\n')}
<line x1="${LABELS}" y1="${TOP - 6}" x2="${LABELS}" y2="${height - 18}" stroke="#656d76"/>
</svg>
`;
}
