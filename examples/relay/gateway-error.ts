/** The fields of a GraphQL error that are read. */
export interface GatewayFault {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An answer of the gateway that has errors. */
export class GatewayError extends Error {
  /** Whether a retry may succeed. */
  readonly isPassing: boolean;

  constructor(faults: readonly GatewayFault[]) {
    super(faults.map(({ message }) => message).join('\n'));
    this.isPassing = faults.every(({ extensions }) => extensions?.['code'] === 'STORE_UNAVAILABLE');
  }
}

/** A WebSocket was closed. 44xx is an error of this client. */
export class SocketClosedError extends Error {
  readonly isPassing: boolean;

  constructor({ code, reason }: Pick<CloseEvent, 'code' | 'reason'>) {
    super(`The socket was closed: ${code} ${reason}`);
    this.isPassing = code < 4400 || code >= 4500;
  }
}

/** Whether to retry: after every error except a refusal of the gateway. */
export function isPassing(error: unknown): boolean {
  return error instanceof GatewayError || error instanceof SocketClosedError ? error.isPassing : true;
}
