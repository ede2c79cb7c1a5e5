import type { GatewayEvents } from '../../events/gateway-events.ts';
import { BacklogMetrics, type BacklogMetricsOptions } from './backlog-metrics.ts';
import { countClients } from './client-metrics.ts';
import { Instruments } from './instruments.ts';
import { countJobs } from './job-metrics.ts';
import { toOpenMetrics } from './open-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { countStore } from './store-metrics.ts';
import { countUpstream } from './upstream-metrics.ts';

/** A text format of metrics. */
export type MetricsFormat = 'prometheus' | 'openmetrics';

export interface GatewayMetricsOptions extends Omit<BacklogMetricsOptions, 'instruments'> {
  readonly events: Pick<GatewayEvents, 'on'>;
  /** The machine's time in epoch milliseconds. */
  readonly systemNow: () => number;
  readonly role: 'api' | 'poller' | 'all';
  readonly system: 'sqlite' | 'redis';
  /** The name of the model at the upstream. */
  readonly model: string;
  /** About what a job costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
}

/** The metrics of one gateway process. They listen to its events; the work of the store is read for each scrape. */
export class GatewayMetrics implements Disposable {
  readonly #instruments = new Instruments();
  readonly #backlog: BacklogMetrics;
  readonly #process: ProcessMetrics;
  #rendering: Promise<string> | null = null;

  constructor({ events, role, system, model, priceUsd, systemNow, ...options }: GatewayMetricsOptions) {
    const instruments = this.#instruments;
    const info = instruments.gauge({
      name: 'reelgate_info',
      help: 'Always 1; its labels tell the role and the store of this process.',
      labels: ['role', 'store'],
    });
    info.set({ role, store: system }, 1);
    countClients(events, instruments);
    countJobs({ events, instruments, model, priceUsd });
    countUpstream(events, instruments);
    countStore(events, instruments, system);
    this.#backlog = new BacklogMetrics({ ...options, instruments });
    this.#process = new ProcessMetrics(instruments, options.now, systemNow);
  }

  /** All metrics as text. Concurrent calls share one read of the store. */
  async render(format: MetricsFormat): Promise<string> {
    this.#rendering ??= this.#render().finally(() => {
      this.#rendering = null;
    });
    const text = await this.#rendering;
    return format === 'openmetrics' ? toOpenMetrics(text) : text;
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }

  async #render(): Promise<string> {
    await this.#backlog.update();
    this.#process.update();
    return this.#instruments.render();
  }
}
