/** What can be read of an error of GraphQL. */
export interface GatewayFault {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The gateway's answer, when it was errors. */
export class GatewayError extends Error {
  /** Whether the same operation may go well later. */
  readonly isPassing: boolean;

  constructor(faults: readonly GatewayFault[]) {
    super(faults.map(({ message }) => message).join('\n'));
    this.isPassing = faults.every(({ extensions }) => extensions?.['code'] === 'STORE_UNAVAILABLE');
  }
}

/** A WebSocket was closed. With 44xx it says that this client did wrong. */
export class SocketClosedError extends Error {
  readonly isPassing: boolean;

  constructor({ code, reason }: Pick<CloseEvent, 'code' | 'reason'>) {
    super(`The socket was closed: ${code} ${reason}`);
    this.isPassing = code < 4400 || code >= 4500;
  }
}

/** Whether to try again: after everything but the gateway's own refusal. */
export function isPassing(error: unknown): boolean {
  return error instanceof GatewayError || error instanceof SocketClosedError ? error.isPassing : true;
}
