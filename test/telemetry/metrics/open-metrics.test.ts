import { expect, it } from 'vitest';
import { toOpenMetrics } from '../../../src/telemetry/metrics/open-metrics.ts';

it('names the family of a counter without _total, and keeps samples, gauges and histograms', () => {
  const text = `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{phase="queued"} 2

# HELP open_total A gauge.
# TYPE open_total gauge
open_total 1

# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="+Inf"} 1
wait_seconds_sum 3
wait_seconds_count 1
`;
  expect(toOpenMetrics(text)).toBe(`# HELP jobs Jobs.
# TYPE jobs counter
jobs_total{phase="queued"} 2
# HELP open_total A gauge.
# TYPE open_total gauge
open_total 1
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="+Inf"} 1
wait_seconds_sum 3
wait_seconds_count 1
# EOF
`);
});
