import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Gateway, type GatewayOptions, startGateway } from '../../support/gateway/gateway.ts';
import { dataOf } from '../../support/gateway/http.ts';

/** Records the faults that would have ended the process. */
export interface FaultWatch extends Disposable {
  readonly faults: readonly unknown[];
}

export function watchFaults(): FaultWatch {
  const faults: unknown[] = [];
  const keep = (fault: unknown) => void faults.push(fault);
  process.on('unhandledRejection', keep);
  process.on('uncaughtException', keep);
  return {
    faults,
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', keep);
      process.off('uncaughtException', keep);
    },
  };
}

/** Starts one gateway for all tests of a file. After each test it must still serve, without faults and logged errors. */
export function sharedGateway(options?: GatewayOptions): Pick<Gateway, 'url' | 'port' | 'store'> {
  let watch: FaultWatch;
  let gateway: Gateway;
  beforeAll(async () => {
    watch = watchFaults();
    gateway = await startGateway(options);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    watch[Symbol.dispose]();
  });
  afterEach(async () => {
    expect(await dataOf(gateway.url, '{ __typename }')).toEqual({ __typename: 'Query' });
    expect([watch.faults, gateway.log.errors]).toEqual([[], []]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
  return {
    get url() {
      return gateway.url;
    },
    get port() {
      return gateway.port;
    },
    get store() {
      return gateway.store;
    },
  };
}
