/**
 * Converts the Prometheus text format into OpenMetrics 1.0: the family of a counter has no `_total` in its name, there are no empty lines,
 * and the text ends with a mark. prom-client can write OpenMetrics too, but then renames the counters for the other format as well.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function toOpenMetrics(prometheusText: string): string {
  const lines = prometheusText.split('\n').filter((line) => line !== '');
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\w+)_total counter$/.exec(line)?.[1] ?? []));
  const converted = lines.map((line) =>
    line.replace(/^(# (?:HELP|TYPE) )(\w+)_total /, (whole, head: string, name: string) =>
      counters.has(name) ? `${head}${name} ` : whole,
    ),
  );
  return `${converted.join('\n')}\n# EOF\n`;
}
