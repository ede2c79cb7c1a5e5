import { ROOT_CONTEXT, type Span, SpanKind, type Tracer } from '@opentelemetry/api';
import type { Clock } from '../../domain/clock.ts';
import type { Job } from '../../domain/job/job.ts';
import { formatTraceparent } from '../../domain/traceparent.ts';
import { end, messaging } from './job-spans.ts';
import { remoteParent } from './span-contexts.ts';

/** What is read of an operation that a client asks for. */
interface TracedRequest {
  readonly transport: string;
  readonly traceparent: string | null;
}

/** What is read of the plan of an operation. */
interface TracedPlan {
  readonly kind: string;
  /** As the client calls it. */
  readonly operationName: string | undefined;
  readonly rootFields: readonly string[];
}

interface TracedResult {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[] | undefined;
}

/** Of an attribute with a text of the client. */
const MAX_NAME_LENGTH = 100;
/** The name of an operation that is not known, or of several root fields. */
const UNKNOWN_NAME = 'GraphQL operation';

/** Makes the spans of operations, and of the messages to their subscribers. A hook of the pipeline of operations. */
export class OperationSpans {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(tracer: Tracer, clock: Pick<Clock, 'now'>) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  onOperation({ transport, traceparent }: TracedRequest): OperationSpan {
    const parent = remoteParent(traceparent);
    const options = {
      kind: SpanKind.SERVER,
      startTime: this.#clock.now(),
      attributes: { 'reelgate.transport': transport },
    };
    const span = this.#tracer.startSpan(UNKNOWN_NAME, options, parent?.context ?? ROOT_CONTEXT);
    return new OperationSpan(this.#tracer, this.#clock, span);
  }
}

/**
 * The span of one operation. That of a subscription ends when it is open: one that lasts for hours would be sent after the spans that link to
 * it, and would be lost in a crash.
 */
class OperationSpan {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #span: Span;
  #field = '';

  constructor(tracer: Tracer, clock: Pick<Clock, 'now'>, span: Span) {
    this.#tracer = tracer;
    this.#clock = clock;
    this.#span = span;
  }

  /** Of what the operation causes, such as jobs. */
  get traceparent(): string {
    return formatTraceparent(this.#span.spanContext());
  }

  onPlan({ kind, operationName, rootFields }: TracedPlan): void {
    const [field = '', ...others] = rootFields;
    this.#field = field;
    // The name has a bounded number of values, so that names can be counted.
    this.#span.updateName(others.length === 0 ? `${kind} ${field}` : kind);
    this.#span.setAttribute('graphql.operation.type', kind);
    if (operationName !== undefined) {
      this.#span.setAttribute('graphql.operation.name', operationName.slice(0, MAX_NAME_LENGTH));
    }
  }

  onResult({ errors = [] }: TracedResult): void {
    const [first] = errors;
    const code = first?.extensions['code'];
    end(
      this.#span,
      this.#clock.now(),
      first === undefined ? null : typeof code === 'string' ? code : '_OTHER',
    );
  }

  onOpen(): void {
    end(this.#span, this.#clock.now(), null);
  }

  /** The message belongs to the trace of its job, and links to the subscription. */
  onEvent(_: TracedResult, occurred: Job | string): void {
    if (typeof occurred === 'string') return;
    const parent = remoteParent(occurred.traceparent);
    if (parent === null) return;
    const at = this.#clock.now();
    const span = this.#tracer.startSpan(
      `send ${this.#field}`,
      {
        kind: SpanKind.PRODUCER,
        startTime: at,
        links: [parent.link, { context: this.#span.spanContext() }],
        attributes: {
          ...messaging(this.#field, 'send', `${occurred.id}/${occurred.version}`),
          'reelgate.job.id': occurred.id,
          'reelgate.job.phase': occurred.phase,
          'reelgate.job.version': occurred.version,
        },
      },
      parent.context,
    );
    span.end(at);
  }
}
