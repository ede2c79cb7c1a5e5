import { type Client, CloseCode, createClient } from 'graphql-ws';
import { Store } from '../ui/store.ts';
import { readToken } from './token.ts';

/** How the page stands with the gateway. */
export type ConnectionState =
  | 'connecting'
  | 'connected'
  /** It was connected, or could not be; it tries again by itself. */
  | 'reconnecting'
  /** The gateway wants a token, or another one. */
  | 'signed-out'
  /** The gateway does not answer pages of this URL. */
  | 'refused';

/** The page's one WebSocket. It connects anew by itself, for as long as the page is open. */
export interface Connection {
  readonly client: Client;
  readonly state: Store<ConnectionState>;
  /** Why the gateway refused the page, and the setting that would allow it. */
  readonly refusal: Store<string>;
  /** Calls back after each connection made, once what was under way has been asked for again. */
  onConnected(listener: () => void): () => void;
  /** Tries with the token that is stored now. */
  signIn(): void;
}

/** The gateway's close codes for a token that is missing or not good. */
const REFUSALS: ReadonlySet<number> = new Set([CloseCode.Unauthorized, CloseCode.Forbidden]);
/** The gateway's close code for a page whose origin or host is not allowed. The client does not try again. */
const POLICY_VIOLATION = 1008;
const PING_MS = 10_000;
/** A connection that answers no ping in that time is given up. */
const PONG_MS = 5000;
const LONGEST_WAIT_MS = 5000;

/** Connects at once. */
export function connect(): Connection {
  const state = new Store<ConnectionState>('connecting');
  const refusal = new Store('');
  // Signed out is for good: what closes or opens after it changes nothing until there is another token.
  const change = (next: ConnectionState): void => {
    if (state.get() !== 'signed-out') state.set(next);
  };
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: new URL('graphql', document.baseURI).href.replace(/^http/, 'ws'),
    connectionParams: () => {
      const token = readToken();
      return token === null ? {} : { authorization: `Bearer ${token}` };
    },
    retryAttempts: Infinity,
    retryWait: async (attempt) => pauseOrWake(Math.min(250 * 2 ** attempt, LONGEST_WAIT_MS)),
    shouldRetry: (event) => !isRefusal(event),
    // The page is live also while it asks nothing.
    lazy: false,
    onNonLazyError: () => {},
    keepAlive: PING_MS,
    on: {
      connected: () => change('connected'),
      closed: (event) => {
        clearTimeout(unanswered);
        if (event instanceof CloseEvent && event.code === POLICY_VIOLATION) {
          refusal.set(event.reason);
          change('refused');
        } else change(isRefusal(event) ? 'signed-out' : 'reconnecting');
      },
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: () => clearTimeout(unanswered),
    },
  });
  // Nothing comes through any more, though the socket may not have heard of it.
  window.addEventListener('offline', () => client.terminate());
  return {
    client,
    state,
    refusal,
    // The client asks again in the same turn in which it tells.
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

/** Waits, with chance on top so that not all pages come back at once; less when the page is looked at again. */
function pauseOrWake(ms: number): Promise<void> {
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
