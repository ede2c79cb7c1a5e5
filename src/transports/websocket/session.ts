import { GraphQLError } from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Caller } from '../../domain/caller.ts';
import type { Clock } from '../../domain/clock.ts';
import { alarm } from '../../watching/alarm.ts';
import { type RightEnd, watchRight } from '../../watching/watch-right.ts';
import { authenticateOrRefuse, bearerToken, tokenOfOperation, tokenOfParams } from '../authentication.ts';
import { type OwnerStreams, streamKey, tooManyStreams } from '../owner-streams.ts';
import type { PendingSockets } from './pending-sockets.ts';

/** What the session of a socket works with. */
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
  /** Whether an operation is under way. */
  readonly busy: () => boolean;
}

/** Milliseconds for which a socket without a caller may stay open while no operation is in progress. */
const UNAUTHENTICATED_MS = 10_000;
/** WebSocket close code for "try again later". */
const TRY_AGAIN_LATER = 1013;

/**
 * Who asks over one socket: whom its token names, from the `connection_init` or else from the upgrade. A socket without
 * a token may still send one with each operation, as GraphiQL does.
 */
export class SocketSession {
  readonly #options: SocketSessionOptions;
  /** What counts this socket off, by the key that it was counted by. */
  readonly #counted = new Map<string, () => void>();
  #offAlarm: () => void = () => {};
  /** To be called when the socket has said whose it is: it then counts as one of that owner. */
  #named: () => void = () => {};
  #caller: Caller | null = null;
  #ended = false;

  constructor(options: SocketSessionOptions) {
    this.#options = options;
  }

  /** Checks the token. @returns false when it is not good: the socket is then closed with 4403 */
  async begin(params: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    const { authenticator, header, close } = this.#options;
    const token = tokenOfParams(params) ?? bearerToken(header);
    if (token === null && authenticator.required) {
      const drop = () => close(TRY_AGAIN_LATER, 'There are too many sockets without a token');
      this.#named = this.#options.unauthenticated.add(drop);
      this.#closeWhenUnauthenticated();
      return true;
    }
    try {
      const caller = await this.#admit(token);
      this.#caller = caller;
      if (!this.#ended)
        this.#offAlarm = watchRight(caller, this.#options.clock, (reason) => this.#endRight(reason));
      return true;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (error.extensions['code'] === 'UNAUTHENTICATED') return false;
      close(TRY_AGAIN_LATER, error.message);
      return true;
    }
  }

  /** Who asks for an operation. @throws GraphQLError as its token, or that of the socket, is missing or not good */
  callerOf({ extensions }: SubscribePayload): Caller | Promise<Caller> {
    const token = tokenOfOperation(extensions);
    if (token === null && this.#caller !== null) return this.#caller;
    return this.#admit(token);
  }

  /**
   * Closes the socket when the token that it began with has expired. To be called before a subscription ends with an
   * error: its own alarm may ring first, and clients take an error for the last word, while they come again after 4403.
   */
  closeIfExpired(): void {
    const { clock, close } = this.#options;
    const expiresAt = this.#caller?.expiresAt ?? Infinity;
    if (clock.now() >= expiresAt) close(CloseCode.Forbidden, 'The token has expired');
  }

  #endRight(reason: RightEnd): void {
    if (reason === 'expired') this.closeIfExpired();
    else this.#options.close(CloseCode.Forbidden, 'The token is no longer valid');
  }

  /** To be called when the socket has closed. */
  end(): void {
    this.#ended = true;
    this.#offAlarm();
    this.#named();
    for (const count of this.#counted.values()) count();
  }

  async #admit(token: string | null): Promise<Caller> {
    const { authenticator, streams } = this.#options;
    const caller = await authenticateOrRefuse(authenticator, token);
    const key = streamKey(caller);
    if (this.#ended || this.#counted.has(key)) return caller;
    const close = streams.open(key);
    if (close === null) throw tooManyStreams();
    this.#counted.set(key, close);
    this.#named();
    return caller;
  }

  #closeWhenUnauthenticated(): void {
    const { clock, close, busy } = this.#options;
    this.#setAlarm(clock.now() + UNAUTHENTICATED_MS, () => {
      if (busy()) this.#closeWhenUnauthenticated();
      else close(CloseCode.Unauthorized, 'Unauthorized');
    });
  }

  #setAlarm(at: number, ring: () => void): void {
    if (!this.#ended) this.#offAlarm = alarm(this.#options.clock, at, ring);
  }
}
