import type { Delivery, Stream, StreamEnd, Transport } from '../../conformance/transports/transport.ts';

/** Sends nothing, and reports that every operation is complete without a result. */
export function deliversNothing(transport: Transport): Transport {
  const end: StreamEnd = { end: 'complete', errors: [], detail: 'complete' };
  const silent: Stream = { next: async () => ({ end }) };
  return {
    ...transport,
    connect: () => ({ open: async () => silent, [Symbol.asyncDispose]: async () => {} }),
  };
}

/** Repeats every result, replaces the codes of errors, and reports a request to connect again as the end. */
export function distorts(transport: Transport): Transport {
  return {
    ...transport,
    connect: (endpoint) => {
      const connection = transport.connect(endpoint);
      return {
        open: async (request) => new Distorted(await connection.open(request)),
        [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
      };
    },
  };
}

class Distorted implements Stream {
  readonly #stream: Stream;
  #repeated: Delivery | null = null;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  async next(): Promise<Delivery> {
    const again = this.#repeated;
    this.#repeated = null;
    if (again !== null) return again;
    const delivery = await this.#stream.next();
    if ('result' in delivery) {
      this.#repeated = delivery;
      return delivery;
    }
    const { end, errors, detail } = delivery.end;
    const distorted = end === 'reconnect' ? 'complete' : end;
    return { end: { end: distorted, errors: errors.map(() => 'DISTORTED'), detail } };
  }
}
