import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The definition of a metric. The name has its unit at the end; that of a counter ends in `_total`. */
export interface Definition<L extends string> {
  readonly name: string;
  /** What it measures, in one sentence. */
  readonly help: string;
  readonly labels?: readonly L[];
}

/** Creates the metrics of one gateway process. */
export class Instruments {
  readonly #registry = new Registry();

  counter<L extends string = never>({ labels = [], ...definition }: Definition<L>): Counter<L> {
    return new Counter({ ...definition, labelNames: labels, registers: [this.#registry] });
  }

  /** Without labels it has no value until it is set. */
  gauge<L extends string = never>({ labels = [], ...definition }: Definition<L>): Gauge<L> {
    const gauge = new Gauge({ ...definition, labelNames: labels, registers: [this.#registry] });
    if (labels.length === 0) gauge.remove();
    return gauge;
  }

  /** @param buckets upper bounds, ascending; the last bucket has none */
  histogram<L extends string = never>(
    { labels = [], ...definition }: Definition<L>,
    buckets: readonly number[],
  ): Histogram<L> {
    return new Histogram({
      ...definition,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  /** All metrics in the Prometheus text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Sets a gauge, or removes its value. */
export function setOrRemove(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}

/** Upper bounds in seconds, as OpenTelemetry advises for HTTP requests. */
export const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Upper bounds in seconds, as OpenTelemetry advises for calls to a database. */
export const STORE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** Upper bounds in seconds, from a job that is answered at once to one that ends at its deadline. */
export const JOB_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 120, 300, 600, 1800, 3600];
