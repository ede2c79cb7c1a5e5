import { type Client, CloseCode, createClient } from 'graphql-ws';
import { Store } from '../ui/store.ts';
import { readToken } from './token.ts';

/** The state of the page's connection to the gateway. */
export type ConnectionState =
  | 'connecting'
  | 'connected'
  /** The connection was lost or could not be opened; the client retries. */
  | 'reconnecting'
  /** The gateway requires a token, or refused the stored one. */
  | 'signed-out'
  /** The gateway does not allow pages of this origin or host. */
  | 'refused';

/** The only WebSocket of the page. It reconnects until the page is closed. */
export interface Connection {
  readonly client: Client;
  readonly state: Store<ConnectionState>;
  /** The gateway's reason for `refused`, with the setting that allows the page. */
  readonly refusal: Store<string>;
  /** Registers a listener for each new connection, called after the client has sent its open operations again. */
  onConnected(listener: () => void): () => void;
  /** Reconnects with the stored token. */
  signIn(): void;
}

/** Close codes for a missing or invalid token. */
const REFUSALS: ReadonlySet<number> = new Set([CloseCode.Unauthorized, CloseCode.Forbidden]);
/** Close code for an origin or host that is not allowed. The client does not retry. */
const POLICY_VIOLATION = 1008;
const PING_MS = 10_000;
/** Without a pong within this time the connection is closed. */
const PONG_MS = 5000;
const MAX_RETRY_WAIT_MS = 5000;

/** Opens the connection immediately. */
export function connect(): Connection {
  const state = new Store<ConnectionState>('connecting');
  const refusal = new Store('');
  // `signed-out` is final until there is another token: later events of the socket do not change it.
  const change = (next: ConnectionState): void => {
    if (state.get() !== 'signed-out') state.set(next);
  };
  let pongTimeout: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: new URL('graphql', document.baseURI).href.replace(/^http/, 'ws'),
    connectionParams: () => {
      const token = readToken();
      return token === null ? {} : { authorization: `Bearer ${token}` };
    },
    retryAttempts: Infinity,
    retryWait: async (attempt) => waitToRetry(Math.min(250 * 2 ** attempt, MAX_RETRY_WAIT_MS)),
    shouldRetry: (event) => !isRefusal(event),
    // The connection stays open without operations, because the page shows its state.
    lazy: false,
    onNonLazyError: () => {},
    keepAlive: PING_MS,
    on: {
      connected: () => change('connected'),
      closed: (event) => {
        clearTimeout(pongTimeout);
        if (event instanceof CloseEvent && event.code === POLICY_VIOLATION) {
          refusal.set(event.reason);
          change('refused');
        } else change(isRefusal(event) ? 'signed-out' : 'reconnecting');
      },
      ping: (received) => {
        if (!received) pongTimeout = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: () => clearTimeout(pongTimeout),
    },
  });
  // The network is gone, but the socket may not report it for minutes.
  window.addEventListener('offline', () => client.terminate());
  return {
    client,
    state,
    refusal,
    // The client sends its operations in the same turn as the event, so the listener runs in the next.
    onConnected: (listener) => client.on('connected', () => setTimeout(listener)),
    signIn: () => {
      client.terminate();
      state.set('connecting');
    },
  };
}

function isRefusal(event: unknown): boolean {
  return event instanceof CloseEvent && REFUSALS.has(event.code);
}

/** Waits with jitter, so that pages do not reconnect all at once. Ends early when the page becomes visible or the network returns. */
function waitToRetry(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    if (document.visibilityState === 'visible') resolve();
  };
  const timer = setTimeout(resolve, ms * (0.75 + Math.random() / 2));
  window.addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);
  return promise.finally(() => {
    clearTimeout(timer);
    window.removeEventListener('online', wake);
    document.removeEventListener('visibilitychange', wake);
  });
}
