import { diag, DiagLogLevel, type DiagLogger, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Clock } from '../../domain/clock.ts';
import { emitFault } from '../../events/emit-fault.ts';
import type { FaultEvent, GatewayEvents } from '../../events/gateway-events.ts';
import { systemClock } from '../../process/clocks.ts';
import { JobSpans } from './job-spans.ts';
import { OperationSpans } from './operation-spans.ts';

/** See the settings of the gateway. */
export interface TracingSettings {
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly sampler: SamplerName;
  readonly ratio: number;
  readonly scheduleDelayMs: number;
  readonly exportTimeoutMs: number;
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

export interface TracingOptions {
  readonly settings: TracingSettings;
  readonly events: GatewayEvents;
  readonly clock: Clock;
  /** The name of the model at the upstream. */
  readonly model: string;
}

const SERVICE_NAME = 'reelgate';
/** Milliseconds for the last spans when the gateway stops. */
const FLUSH_MS = 1000;
/** The message of an error, and what a warning cites, are texts that the receiver chooses. */
const MAX_REASON_LENGTH = 200;

/**
 * Makes the spans of this process and sends them by OTLP. Spans wait in a bounded queue and are sent in the background; without a receiver they
 * are dropped. Disposing it sends the last ones, for at most a second.
 */
export class Tracing implements AsyncDisposable {
  /** A hook of the pipeline of operations. */
  readonly operations: OperationSpans;
  readonly #provider: TracerProvider;

  constructor({ settings, events, clock, model }: TracingOptions) {
    const fault = (message: string, details: FaultEvent['details']) =>
      emitFault(events, 'telemetry', 'warn', message, details);
    // Such as that spans are dropped because the queue is full, or that the receiver has refused some. Its errors are those of exports.
    diag.setLogger(
      warningsTo((warning) => fault('a warning of OpenTelemetry', { warning })),
      {
        logLevel: DiagLogLevel.WARN,
        suppressOverrideMessage: true,
      },
    );
    const endpoint = new URL(settings.url).origin;
    const onFailure = (error: unknown) =>
      fault('spans could not be sent by OTLP and are lost', { endpoint, reason: reasonOf(error) });
    this.#provider = new TracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': SERVICE_NAME }))
        .merge(
          detectResources({
            detectors: [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector],
          }),
        ),
      sampler: samplerOf(settings),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new ReportingExporter(exporterOf(settings), onFailure),
          scheduledDelayMillis: settings.scheduleDelayMs,
          exportTimeoutMillis: settings.exportTimeoutMs,
          maxQueueSize: settings.maxQueueSize,
          maxExportBatchSize: settings.maxBatchSize,
        }),
      ],
    });
    const tracer: Tracer = this.#provider.getTracer(SERVICE_NAME);
    this.operations = new OperationSpans(tracer, clock);
    new JobSpans(tracer, model).listen(events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const done = new AbortController();
    const deadline = systemClock.sleep(FLUSH_MS, done.signal);
    // The failure of an export was reported.
    const flushed = this.#provider.shutdown().catch(() => {});
    await Promise.race([flushed, deadline]);
    done.abort();
    await deadline;
    diag.disable();
  }
}

/** Reports each export that fails. */
class ReportingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #onFailure: (error: unknown) => void;

  constructor(exporter: SpanExporter, onFailure: (error: unknown) => void) {
    this.#exporter = exporter;
    this.#onFailure = onFailure;
  }

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    this.#exporter.export(spans, (result) => {
      if (result.error !== undefined) this.#onFailure(result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }
}

/** It reads headers, certificates, compression and its timeout from the environment. */
function exporterOf({ url, protocol }: TracingSettings): SpanExporter {
  return protocol === 'http/json' ? new JsonExporter({ url }) : new ProtobufExporter({ url });
}

function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const root = rootSampler(sampler.replace('parentbased_', ''), ratio);
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === 'always_off') return new AlwaysOffSampler();
  return name === 'always_on' ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

/** The error itself may contain the whole answer, and that of a refused connection to localhost has no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message || error.name;
  const code = 'code' in error ? error.code : undefined;
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return (hasCode ? `${code}: ${message}` : message).slice(0, MAX_REASON_LENGTH);
}

function warningsTo(write: (warning: string) => void): DiagLogger {
  const warn = (...parts: unknown[]) => write(parts.map(String).join(' ').slice(0, MAX_REASON_LENGTH));
  return { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore };
}

function ignore(): void {}
