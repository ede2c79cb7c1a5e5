import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { vi } from 'vitest';

/** A span as the receiver got it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined: the first span of its trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** As in the protocol: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Nanoseconds. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 2: error. */
  readonly status: { readonly code: number };
  /** Attributes of the process that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes' | 'links' | 'resource'> & {
        readonly attributes?: readonly Attribute[];
        readonly links?: ReceivedSpan['links'];
      })[];
    }[];
  }[];
}

/** Receives spans by OTLP over HTTP. It reads JSON; of other types it keeps the bytes. It is no collector: it forwards nothing. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: {
    readonly path: string;
    readonly type: string;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly body: Buffer;
  }[] = [];
  /** What it answers; null: nothing. */
  status: number | null = 200;
  /** The body of its answers. */
  answer = '';
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      buffer(request)
        .then((bytes) => {
          const { url: path = '', headers } = request;
          const body = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
          const type = headers['content-type'] ?? '';
          this.requests.push({ path, type, headers, body });
          if (this.status === 200 && type === 'application/json') this.spans.push(...spansOf(body));
          if (this.status !== null)
            response.writeHead(this.status, { 'content-type': type, 'retry-after': '3600' }).end(this.answer);
        })
        .catch(() => response.destroy());
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    const address = this.#server.address();
    return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  }

  /** Settings of a gateway that sends its spans here at once. */
  get settings() {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    };
  }

  /** Waits for spans with these names, all or more. @returns all spans */
  async received(...names: string[]): Promise<readonly ReceivedSpan[]> {
    const missing = () => names.filter((name) => !this.spans.some((span) => span.name === name));
    const check = () => {
      if (missing().length > 0) throw new Error(`There is no span ${missing().join(', ')}.`);
    };
    await vi.waitFor(check, { timeout: 30_000 });
    return this.spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function spansOf(body: Buffer): ReceivedSpan[] {
  const { resourceSpans }: Batch = JSON.parse(body.toString());
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        attributes: recordOf(span.attributes),
        links: span.links ?? [],
        resource: recordOf(resource.attributes),
      })),
    ),
  );
}

function recordOf(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
