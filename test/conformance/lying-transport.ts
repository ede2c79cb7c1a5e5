import type { Delivery, Stream, Transport } from '../../conformance/transports/transport.ts';

/** Sends nothing, and reports that every operation is complete without a result. */
export function deliversNothing(transport: Transport): Transport {
  return {
    ...transport,
    connect: () => ({
      open: async () => new Listed([]),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}

const COMPLETE: Delivery = { end: { end: 'complete', errors: [], detail: 'complete' } };

class Listed implements Stream {
  readonly #deliveries: Delivery[];

  constructor(deliveries: readonly Delivery[]) {
    this.#deliveries = [...deliveries];
  }

  async next(): Promise<Delivery> {
    return this.#deliveries.shift() ?? COMPLETE;
  }
}
