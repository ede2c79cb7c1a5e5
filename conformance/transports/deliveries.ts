import type { Delivery, Stream, StreamEnd } from './transport.ts';

/** A queue between the reader of a transport and a case. It keeps every delivery, and nothing after the end. */
export class Deliveries implements Stream {
  readonly #queue: Delivery[] = [];
  #end: Delivery | null = null;
  #wake: () => void = () => {};

  async next(): Promise<Delivery> {
    for (;;) {
      const delivery = this.#queue.shift() ?? this.#end;
      if (delivery !== null) return delivery;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Takes a GraphQL response. One with errors and without data is the end. */
  receive(response: unknown): void {
    if (!isRecord(response) || !('data' in response || 'errors' in response)) {
      return this.invalid(`Not a GraphQL response: ${shorten(response)}`);
    }
    const { data, errors } = response;
    const codes = codesOf(errors);
    if (data == null) this.fail(codes, shorten(errors));
    else if (this.#end === null) this.#queue.push({ result: { data, errors: codes } });
    this.#wake();
  }

  complete(): void {
    this.#finish({ end: 'complete', errors: [], detail: 'complete' });
  }

  /** @param errors codes */
  fail(errors: readonly string[], detail: string): void {
    if (errors.length === 0) this.invalid(`There are neither data nor errors: ${detail}`);
    else this.#finish({ end: 'error', errors, detail });
  }

  /** The stream ended in a way after which a client has to connect again. */
  reconnect(detail: string): void {
    this.#finish({ end: 'reconnect', errors: [], detail });
  }

  /** The transport's rules are broken. */
  invalid(detail: string): void {
    this.#finish({ end: 'invalid', errors: [], detail });
  }

  #finish(end: StreamEnd): void {
    this.#end ??= { end };
    this.#wake();
  }
}

/** The codes in `extensions` of GraphQL errors. */
export function codesOf(errors: unknown): readonly string[] {
  if (!Array.isArray(errors)) return [];
  return errors.map((error: unknown) => {
    const extensions = isRecord(error) ? error['extensions'] : undefined;
    const code = isRecord(extensions) ? extensions['code'] : undefined;
    return typeof code === 'string' ? code : 'none';
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Characters of a value in a message. */
const SHORT = 300;

/** A value as JSON, for messages. */
export function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
}
