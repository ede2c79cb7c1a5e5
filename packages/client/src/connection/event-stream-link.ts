import { ReelgateError } from '../errors.ts';
import { readEventStream } from './event-stream.ts';
import { unreachable } from './http.ts';
import type { AnyResult, Link, LinkEvents, Startable } from './link.ts';

/** An open stream. */
interface Stream {
  readonly subscription: Startable;
  readonly abort: AbortController;
}

/** Milliseconds of a turn. */
const TURN_MS = 2000;

/**
 * Subscriptions as server-sent events, each by a request of its own. A browser opens at most six connections of HTTP/1.1 to a host,
 * so only `maxStreams` are open at the same time. Of more subscriptions those of single jobs take turns: they continue from their last
 * version, so they miss nothing, but learn of a change later. Other subscriptions keep their streams; one place is left for the turns.
 */
export class EventStreamLink implements Link {
  readonly #url: string;
  readonly #token: string | null;
  readonly #events: LinkEvents;
  readonly #maxStreams: number;
  /** By the id of the subscription, the oldest first. */
  readonly #streams = new Map<string, Stream>();
  readonly #waiting = new Map<string, Startable>();
  #isClosed = false;
  #turns: ReturnType<typeof setInterval> | undefined;

  /** @param maxStreams streams at the same time: at least 2 */
  constructor(url: string, token: string | null, events: LinkEvents, maxStreams: number) {
    this.#url = url;
    this.#token = token;
    this.#events = events;
    this.#maxStreams = maxStreams;
  }

  start(subscription: Startable): void {
    // The connection starts it on the next link.
    if (this.#isClosed) return;
    this.#waiting.set(subscription.id, subscription);
    this.#fill();
  }

  stop(id: string): void {
    this.#waiting.delete(id);
    this.#streams.get(id)?.abort.abort();
    this.#streams.delete(id);
    this.#fill();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#turns);
    for (const { abort } of this.#streams.values()) abort.abort();
    this.#streams.clear();
    this.#waiting.clear();
  }

  /** Opens streams for the subscriptions that wait. */
  #fill(): void {
    for (const [id, subscription] of this.#waiting) {
      const others = [...this.#streams.values()].filter((stream) => !takesTurns(stream.subscription));
      if (this.#streams.size >= this.#maxStreams) break;
      if (!takesTurns(subscription) && others.length >= this.#maxStreams - 1) continue;
      this.#waiting.delete(id);
      this.#open(subscription);
    }
    const isFull = this.#waiting.size > 0;
    if (isFull) this.#turns ??= setInterval(() => this.#takeTurns(), TURN_MS);
    else {
      clearInterval(this.#turns);
      this.#turns = undefined;
    }
  }

  /** Closes streams of single jobs, so that others have their turn. */
  #takeTurns(): void {
    const turns = [...this.#streams.values()].filter(({ subscription }) => takesTurns(subscription));
    const waiting = [...this.#waiting.values()].filter(takesTurns);
    for (const { subscription, abort } of turns.slice(0, waiting.length)) {
      abort.abort();
      this.#streams.delete(subscription.id);
      this.#waiting.set(subscription.id, subscription);
    }
    this.#fill();
  }

  #open(subscription: Startable): void {
    const { id } = subscription;
    const abort = new AbortController();
    this.#streams.set(id, { subscription, abort });
    const handlers = {
      opened: () => {
        this.#events.ready();
        this.#events.opened(id);
      },
      next: (result: AnyResult) => this.#events.next(id, result),
    };
    const isOpen = (): boolean => this.#streams.get(id)?.abort === abort;
    readEventStream(this.#url, this.#token, subscription, handlers, abort).then(
      (errors) => {
        if (!isOpen()) return;
        this.#streams.delete(id);
        if (errors === null) this.#events.completed(id);
        else this.#events.failed(id, errors);
        this.#fill();
      },
      (error: unknown) => {
        if (!isOpen()) return;
        this.close();
        this.#events.ended(error instanceof ReelgateError ? error : unreachable(this.#url, error));
      },
    );
  }
}

/** Whether a subscription continues from the last version, so that it can be interrupted. */
function takesTurns({ operation }: Startable): boolean {
  return operation.query.includes('videoJobUpdated');
}
