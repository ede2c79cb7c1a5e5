import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Job, JobPhase } from '../../domain/job/job.ts';
import type {
  ArchiveEvent,
  DeliveryEvent,
  GatewayEvents,
  StepEndEvent,
  StepStartEvent,
  UpstreamCallEvent,
} from '../../events/gateway-events.ts';
import { remoteParent } from './span-contexts.ts';

/** What a step does in each phase. */
const STEP_NAMES: Readonly<Record<JobPhase, string>> = {
  accepted: 'submit',
  submitting: 'take over',
  settling: 'settle',
  queued: 'poll',
  processing: 'poll',
  collecting: 'collect',
  completed: 'none',
  failed: 'none',
};
const PROVIDER = 'segmind';

interface OpenStep {
  readonly span: Span;
  readonly context: Context;
}

/**
 * Makes the spans of work on jobs. Each belongs to the trace in which its job was created, and links to the operation that created it. A
 * job without a trace gets none.
 *
 * Attributes follow the semantic conventions of OpenTelemetry. Texts of users and of the upstream, URLs and owners are not among them.
 */
export class JobSpans {
  readonly #tracer: Tracer;
  readonly #model: string;
  /** The steps in progress by job: as many as the poller has slots. */
  readonly #steps = new Map<string, OpenStep>();

  /** @param model its name at the upstream */
  constructor(tracer: Tracer, model: string) {
    this.#tracer = tracer;
    this.#model = model;
  }

  listen(events: Pick<GatewayEvents, 'on'>): void {
    events.on('step:start', (step) => this.#onStepStart(step));
    events.on('step:end', (step) => this.#onStepEnd(step));
    events.on('upstream:call', (call) => this.#onCall(call));
    events.on('archive', (archived) => this.#onArchive(archived));
    events.on('delivery', (delivery) => this.#onDelivery(delivery));
  }

  #onStepStart({ job, startedAt, failureCount }: StepStartEvent): void {
    const parent = remoteParent(job.traceparent);
    if (parent === null) return;
    const name = STEP_NAMES[job.phase];
    const span = this.#tracer.startSpan(
      `${name} video job`,
      {
        kind: SpanKind.CONSUMER,
        startTime: startedAt,
        links: [parent.link],
        attributes: {
          ...messaging('video-jobs', name, job.id),
          'reelgate.job.id': job.id,
          'reelgate.job.phase': job.phase,
          'reelgate.step.failures_before': failureCount,
        },
      },
      parent.context,
    );
    this.#steps.set(job.id, { span, context: trace.setSpan(parent.context, span) });
  }

  #onStepEnd({ before, job, outcome, startedAt, durationMs, error }: StepEndEvent): void {
    const step = this.#steps.get(before.id);
    if (step === undefined) return;
    this.#steps.delete(before.id);
    const { span } = step;
    span.setAttributes({
      'reelgate.step.outcome': outcome,
      'reelgate.job.next_phase': job.phase,
      'reelgate.job.version': job.version,
    });
    const failure = outcome === 'failed' ? nameOf(error) : (job.failure?.code ?? null);
    end(span, startedAt + durationMs, failure);
  }

  #onCall({ call, job, outcome, status, upstreamId, startedAt, durationMs }: UpstreamCallEvent): void {
    if (job === null) return;
    const context = this.#contextOf(job);
    if (context === null) return;
    const isGeneration = call === 'submit';
    const span = this.#tracer.startSpan(
      isGeneration ? `generate_content ${this.#model}` : `${call} ${this.#model}`,
      {
        kind: SpanKind.CLIENT,
        startTime: startedAt,
        attributes: {
          'reelgate.job.id': job.id,
          'reelgate.upstream.call': call,
          'gen_ai.operation.name': isGeneration ? 'generate_content' : call,
          'gen_ai.provider.name': PROVIDER,
          'gen_ai.request.model': this.#model,
          'gen_ai.output.type': 'video',
          ...(isGeneration ? { 'gen_ai.request.seed': job.request.seed } : {}),
          ...(upstreamId === null ? {} : { 'gen_ai.response.id': upstreamId }),
          ...statusOf(status),
        },
      },
      context,
    );
    end(span, startedAt + durationMs, outcome === 'answered' ? null : errorTypeOf(status, outcome));
  }

  /** A call outside of a step belongs to the job itself. */
  #contextOf(job: Job): Context | null {
    return this.#steps.get(job.id)?.context ?? remoteParent(job.traceparent)?.context ?? null;
  }

  #onArchive({ jobId, traceparent, outcome, bytes, startedAt, durationMs }: ArchiveEvent): void {
    const parent = remoteParent(traceparent);
    if (parent === null) return;
    const isKept = outcome === 'stored' || outcome === 'deleted';
    const name = outcome === 'deleted' ? 'delete' : 'store';
    const span = this.#tracer.startSpan(
      `${name} video file`,
      {
        kind: SpanKind.CONSUMER,
        startTime: startedAt,
        links: [parent.link],
        attributes: {
          ...messaging('video-files', name, jobId),
          'reelgate.job.id': jobId,
          'reelgate.archive.outcome': outcome,
          ...(bytes === null ? {} : { 'reelgate.archive.bytes': bytes }),
        },
      },
      parent.context,
    );
    end(span, startedAt + durationMs, isKept ? null : outcome);
  }

  #onDelivery(delivery: DeliveryEvent): void {
    const { deliveryId, jobId, traceparent, host, outcome, attempt, status, startedAt, durationMs } =
      delivery;
    const parent = remoteParent(traceparent);
    if (parent === null || attempt === null) return;
    const span = this.#tracer.startSpan(
      'POST webhook',
      {
        kind: SpanKind.CLIENT,
        startTime: startedAt,
        links: [parent.link],
        attributes: {
          ...messaging('webhooks', 'send', deliveryId),
          'reelgate.job.id': jobId,
          'reelgate.delivery.outcome': outcome,
          'http.request.method': 'POST',
          ...serverOf(host),
          ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
          ...statusOf(status),
        },
      },
      parent.context,
    );
    end(span, startedAt + durationMs, outcome === 'delivered' ? null : errorTypeOf(status, outcome));
  }
}

/** @param operation what is done with the message @param id of the message */
export function messaging(destination: string, operation: string, id: string): Attributes {
  return {
    'messaging.system': 'reelgate',
    'messaging.destination.name': destination,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'send' ? 'send' : 'process',
    'messaging.message.id': id,
  };
}

/** @param errorType null: there is none */
export function end(span: Span, at: number, errorType: string | null): void {
  if (errorType !== null) {
    span.setAttribute('error.type', errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(at);
}

/** @param host of a URL, with the port if it has one */
function serverOf(host: string): Attributes {
  const [, address = host, port] = /^(.*):(\d+)$/.exec(host) ?? [];
  return { 'server.address': address, ...(port === undefined ? {} : { 'server.port': Number(port) }) };
}

function statusOf(status: number | null): Attributes {
  return status === null ? {} : { 'http.response.status_code': status };
}

/** As the conventions for HTTP have it: the status of an error, else a word. */
function errorTypeOf(status: number | null, outcome: string): string {
  return status !== null && status >= 300 ? String(status) : outcome;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '_OTHER';
}
