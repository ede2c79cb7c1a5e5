import { GraphQLError } from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Caller } from '../../domain/caller.ts';
import type { Clock } from '../../domain/clock.ts';
import { scheduleAt, type TokenEnd, watchToken } from '../../watching/watch-token.ts';
import { authenticateOrRefuse, bearerToken, tokenOfOperation, tokenOfParams } from '../authentication.ts';
import { type OwnerStreams, streamKey, tooManyStreams } from '../owner-streams.ts';

/** Options of a session. */
export interface SocketSessionOptions {
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  /** Sockets without a caller. */
  readonly unauthenticated: PendingSockets;
  readonly clock: Clock;
  /** The `Authorization` header of the upgrade. */
  readonly header: string | undefined;
  /** Closes the socket. */
  readonly close: (code: number, reason: string) => void;
  /** Whether an operation is in progress. */
  readonly busy: () => boolean;
}

/** Milliseconds for which a socket without a caller may stay open while no operation is in progress. */
const UNAUTHENTICATED_MS = 10_000;
/** WebSocket close code for "try again later". */
const TRY_AGAIN_LATER = 1013;

/**
 * The callers of one socket. The token of the socket is in `connection_init`, else in the headers of the upgrade. A socket without
 * a token may send one with each operation, like GraphiQL.
 */
export class SocketSession {
  readonly #options: SocketSessionOptions;
  /** Callbacks that uncount this socket, by the key of `streamKey`. */
  readonly #counted = new Map<string, () => void>();
  #cancelTimer: () => void = () => {};
  /** Called when the socket has a caller: it no longer counts as unauthenticated. */
  #onAuthenticated: () => void = () => {};
  #caller: Caller | null = null;
  #ended = false;

  constructor(options: SocketSessionOptions) {
    this.#options = options;
  }

  /** Checks the token. When it is not valid, the socket is closed with 4403. */
  async begin(params: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const { authenticator, header, close } = this.#options;
    const token = tokenOfParams(params) ?? bearerToken(header);
    if (token === null && authenticator.required) {
      const drop = () => close(TRY_AGAIN_LATER, 'There are too many sockets without a token');
      this.#onAuthenticated = this.#options.unauthenticated.add(drop);
      this.#closeWhenUnauthenticated();
      return;
    }
    try {
      const caller = await this.#admit(token);
      this.#caller = caller;
      if (!this.#ended)
        this.#cancelTimer = watchToken(caller, this.#options.clock, (reason) => this.#onTokenEnd(reason));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      const isForbidden = error.extensions['code'] === 'UNAUTHENTICATED';
      close(isForbidden ? CloseCode.Forbidden : TRY_AGAIN_LATER, error.message);
    }
  }

  /** The caller of an operation. @throws GraphQLError when its token, or that of the socket, is missing or not valid */
  callerOf({ extensions }: SubscribePayload): Caller | Promise<Caller> {
    const token = tokenOfOperation(extensions);
    if (token === null && this.#caller !== null) return this.#caller;
    return this.#admit(token);
  }

  /**
   * Closes the socket if its token has expired. Called before a subscription ends with an error, as the subscription's own timer may
   * fire first: clients treat an error as final, but reconnect after 4403.
   */
  closeIfExpired(): void {
    const { clock, close } = this.#options;
    const expiresAt = this.#caller?.expiresAt ?? Infinity;
    if (clock.now() >= expiresAt) close(CloseCode.Forbidden, 'The token has expired');
  }

  #onTokenEnd(reason: TokenEnd): void {
    if (reason === 'expired') this.closeIfExpired();
    else this.#options.close(CloseCode.Forbidden, 'The token is no longer valid');
  }

  /** Called when the socket has closed. */
  end(): void {
    this.#ended = true;
    this.#cancelTimer();
    this.#onAuthenticated();
    for (const uncount of this.#counted.values()) uncount();
  }

  async #admit(token: string | null): Promise<Caller> {
    const { authenticator, streams } = this.#options;
    const caller = await authenticateOrRefuse(authenticator, token);
    const key = streamKey(caller);
    if (this.#ended || this.#counted.has(key)) return caller;
    const uncount = streams.open(key);
    if (uncount === null) throw tooManyStreams();
    this.#counted.set(key, uncount);
    this.#onAuthenticated();
    return caller;
  }

  #closeWhenUnauthenticated(): void {
    const { clock, close, busy } = this.#options;
    if (this.#ended) return;
    this.#cancelTimer = scheduleAt(clock, clock.now() + UNAUTHENTICATED_MS, () => {
      if (busy()) this.#closeWhenUnauthenticated();
      else close(CloseCode.Unauthorized, 'Unauthorized');
    });
  }
}

/**
 * Sockets that are not authenticated yet, of all clients together. Above the limit the oldest is closed and the newest accepted: a
 * client that authenticates at once is served, no matter how many others do not.
 */
export class PendingSockets {
  readonly #max: number;
  /** Callbacks that drop the sockets, the oldest first. */
  readonly #drops = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Adds a socket.
   *
   * @param drop closes the socket
   * @returns removes it; may be called more than once
   */
  add(drop: () => void): () => void {
    const [oldest] = this.#drops;
    if (oldest !== undefined && this.#drops.size >= this.#max) {
      this.#drops.delete(oldest);
      oldest();
    }
    // A new function: the caller may add the same one twice.
    const own = () => drop();
    this.#drops.add(own);
    return () => this.#drops.delete(own);
  }
}
