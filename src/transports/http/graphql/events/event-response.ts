import type { ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { emitFault } from '../../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../../events/gateway-events.ts';
import type { EventSink, EventStream } from '../../../../operations/event-stream.ts';
import type { EventResult } from '../../../../operations/fan-out.ts';
import type { EventFormat } from './event-format.ts';
import type { Heartbeats } from './heartbeats.ts';

/** Options of an `EventResponse`. */
export interface EventResponseOptions {
  /** Its headers are set, and not yet written. */
  readonly res: ServerResponse;
  readonly format: EventFormat;
  readonly heartbeats: Heartbeats;
  readonly events: EventEmitter;
}

/** Writes the events of one subscription as an HTTP response. While the client has too much unread, the events wait. */
export class EventResponse implements EventSink {
  readonly #options: EventResponseOptions;
  #isResumable = false;

  constructor(options: EventResponseOptions) {
    this.#options = options;
  }

  /** Writes the events from now on. The subscription ends with them, or when the client disconnects. */
  pipe(stream: EventStream): void {
    const { res, heartbeats, events } = this.#options;
    const leave = () => {
      stream
        .return()
        .catch((error: unknown) =>
          emitFault(events, 'server', 'error', 'an event stream could not be closed', { err: error }),
        );
    };
    // `close` was emitted already.
    if (res.destroyed) return leave();
    this.#isResumable = stream.isResumable;
    const stopHeartbeats = heartbeats.add(() => this.#beat());
    res.once('close', () => {
      stopHeartbeats();
      leave();
    });
    stream.pipe(this);
    // A client with an idle subscription must see that it is open.
    if (!res.headersSent) this.#write('');
  }

  isBehind(): boolean {
    return this.#options.res.writableNeedDrain;
  }

  onReady(listener: () => void): void {
    this.#options.res.once('drain', listener);
  }

  write(event: EventResult): void {
    this.#write(this.#options.format.event(event, this.#isResumable));
  }

  end(error: GraphQLError | null): void {
    const { res, format } = this.#options;
    if (res.destroyed) return;
    if (error === null && !res.headersSent) {
      // The client has the only event already: 204 tells an EventSource not to reconnect.
      res.removeHeader('content-type');
      res.writeHead(204).end();
      return;
    }
    this.#write(format.end(error));
    res.end();
  }

  #beat(): void {
    // Heartbeats must not fill the memory of a client that does not read.
    if (!this.isBehind()) this.#write(this.#options.format.heartbeat);
  }

  #write(text: string): void {
    const { res, format } = this.#options;
    // Until `close` is emitted, a disconnected client's events still come.
    if (res.destroyed || res.writableEnded) return;
    if (res.headersSent) res.write(text, 'latin1');
    else res.writeHead(200).write(format.start + text, 'latin1');
  }
}
