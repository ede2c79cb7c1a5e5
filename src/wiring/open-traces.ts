import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Clock } from '../domain/clock.ts';
import type { GatewayEvents } from '../events/gateway-events.ts';
import { MODEL } from '../providers/segmind/facts.ts';
import type { Tracing } from '../telemetry/traces/tracing.ts';

/**
 * Starts to make spans, if the settings ask for them. Only then the SDK of OpenTelemetry is loaded.
 *
 * @returns null: no spans are made
 */
export async function openTraces(
  { traces: settings }: Config,
  { events, clock, log }: { readonly events: GatewayEvents; readonly clock: Clock; readonly log: Logger },
): Promise<Tracing | null> {
  if (settings === null) return null;
  const { Tracing: Opened } = await import('../telemetry/traces/tracing.ts');
  // The rest of the URL may contain credentials.
  const { origin } = new URL(settings.url);
  log.info({ traces: origin }, `traces are sent to ${origin}`);
  return new Opened({ settings, events, clock, model: MODEL });
}
