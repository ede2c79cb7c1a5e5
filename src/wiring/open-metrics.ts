import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { GatewayEvents } from '../events/gateway-events.ts';
import { systemClock } from '../process/clocks.ts';
import { listenError } from '../process/listen-error.ts';
import { MODEL } from '../providers/segmind/facts.ts';
import type { Storage } from '../store/storage.ts';
import { MetricsEndpoint } from '../transports/http/metrics/metrics-endpoint.ts';
import { MetricsServer } from '../transports/http/metrics/metrics-server.ts';

export interface MetricsParts {
  readonly events: GatewayEvents;
  readonly storage: Pick<Storage, 'backlog' | 'deliveries' | 'budget'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** About what a video costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
}

/** The metrics of this process. */
export interface OpenedMetrics extends AsyncDisposable {
  /** For the public port; null: they are on another port, or none are kept. */
  readonly endpoint: MetricsEndpoint | null;
}

/**
 * Collects metrics if the settings ask for them, and serves them on their own port if they have one. Only then prom-client is loaded.
 *
 * @throws StartError when the port cannot be used
 */
export async function openMetrics(
  { metrics: settings, role, redis, archive }: Config,
  { events, storage, now, priceUsd }: MetricsParts,
  log: Logger,
): Promise<OpenedMetrics> {
  await using resources = new AsyncDisposableStack();
  let endpoint: MetricsEndpoint | null = null;
  if (settings !== null) {
    const { GatewayMetrics } = await import('../telemetry/metrics/gateway-metrics.ts');
    const metrics = new GatewayMetrics({
      events,
      backlog: storage.backlog,
      deliveries: storage.deliveries,
      budget: storage.budget,
      hasArchive: archive.type !== 'off',
      now,
      systemNow: () => systemClock.now(),
      role,
      system: redis === null ? 'sqlite' : 'redis',
      model: MODEL,
      priceUsd,
    });
    resources.use(metrics);
    endpoint = new MetricsEndpoint(metrics, settings.token);
    if (settings.server !== null) {
      const { host, port } = settings.server;
      const hasToken = settings.token !== null;
      const server = resources.use(new MetricsServer({ host, port, endpoint, hasToken, events }));
      const url = await server.listen().catch((error: unknown) => {
        throw listenError({ host, port, prefix: 'METRICS_' }, error);
      });
      log.info({ metrics: url }, `metrics are served at ${url}`);
      endpoint = null;
    }
  }
  const owned = resources.move();
  return { endpoint, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
