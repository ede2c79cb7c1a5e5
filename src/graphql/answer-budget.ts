import { GraphQLError } from 'graphql';
import type { EventEmitter } from '../events/gateway-events.ts';

/** Bytes of all answers in progress in this process. They hold about three times as much memory. */
const MAX_BYTES = 128 * 1024 * 1024;
/** Bytes of base64 in one answer. A single video is allowed whatever its size. */
const MAX_VIDEO_BYTES = 32 * 1024 * 1024;
/** Answers that may wait for memory, and milliseconds for which one waits. */
const MAX_WAITING = 1000;
const MAX_WAIT_MS = 5000;
/** Milliseconds between checks of how much clients have read, while an answer waits. */
const CHECK_MS = 100;
/** Milliseconds after which a client that still reads its answer is disconnected, if other answers wait for memory. */
const SLOW_MS = 20_000;

/** Where an answer is written: an HTTP response. */
export interface AnswerSink {
  readonly headersSent: boolean;
  /** Whether it is complete or its client has disconnected. */
  readonly closed: boolean;
  /** Bytes that the client has not read. */
  readonly writableLength: number;
  once(event: 'close', listener: () => void): unknown;
  /** Disconnects the client. */
  destroy(): unknown;
}

interface Waiter {
  readonly answer: Answer;
  readonly bytes: number;
  /** False: the wait is over. */
  readonly settle: (fits: boolean) => void;
}

/**
 * The memory of all answers in progress. An answer reserves its estimated size before it is executed and holds it until the client
 * has read the answer. One owner gets at most half, but always enough for one answer. An answer that does not fit waits.
 */
export class AnswerBudget {
  readonly #events: EventEmitter;
  readonly #maxBytes: number;
  readonly #maxWaitMs: number;
  #bytes = 0;
  readonly #byOwner = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();
  /** Answers of HTTP requests. */
  readonly #followed = new Set<Answer>();
  #checking: NodeJS.Timeout | undefined;
  #checkedAt = 0;
  #isAdmitting = false;

  constructor(events: EventEmitter, maxBytes = MAX_BYTES, maxWaitMs = MAX_WAIT_MS) {
    this.#events = events;
    this.#maxBytes = maxBytes;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Reserved bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  open(ownerId: string): Answer {
    return new Answer(this, ownerId);
  }

  /** Reserves memory. @returns whether there is enough; a promise while it waits. Only `Answer` calls this. */
  take(answer: Answer, bytes: number): boolean | Promise<boolean> {
    if (this.#fits(answer, bytes)) {
      this.change(answer, bytes);
      return true;
    }
    // Memory that clients have freed by reading is counted only when memory is short.
    this.#checkReaders();
    if (this.#fits(answer, bytes)) {
      this.change(answer, bytes);
      return true;
    }
    return this.#waiting.size < MAX_WAITING && this.#wait(answer, bytes);
  }

  /** Changes the reserved bytes. Only `Answer` calls this. */
  change({ ownerId }: Answer, bytes: number): void {
    this.#bytes += bytes;
    const left = (this.#byOwner.get(ownerId) ?? 0) + bytes;
    if (left === 0) this.#byOwner.delete(ownerId);
    else this.#byOwner.set(ownerId, left);
    if (bytes >= 0 || this.#waiting.size === 0 || this.#isAdmitting) return;
    // Deferred: when many clients disconnect at once, their waiting answers are closed first and not executed.
    this.#isAdmitting = true;
    setImmediate(() => this.#admitWaiting());
  }

  /** Only `Answer` calls this. */
  follow(answer: Answer): void {
    this.#followed.add(answer);
  }

  /** Only `Answer` calls this. */
  unfollow(answer: Answer): void {
    this.#followed.delete(answer);
  }

  /** Disconnects a client that reads too slowly. Only `Answer` calls this. */
  disconnect(sink: AnswerSink): void {
    this.#events.emit('client:slow', { transport: 'http', consequence: 'closed' });
    sink.destroy();
  }

  #fits({ ownerId, bytes: own }: Answer, bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    const ofOwner = this.#byOwner.get(ownerId) ?? 0;
    return ofOwner === own || ofOwner + bytes <= this.#maxBytes / 2;
  }

  #wait(answer: Answer, bytes: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (fits: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        if (this.#waiting.size === 0) clearInterval(this.#checking);
        if (fits) this.change(answer, bytes);
        resolve(fits);
      };
      const waiter: Waiter = { answer, bytes, settle };
      const timer = setTimeout(() => settle(false), this.#maxWaitMs);
      if (this.#waiting.size === 0) this.#checking = setInterval(() => this.#checkReaders(), CHECK_MS);
      this.#waiting.add(waiter);
    });
  }

  #admitWaiting(): void {
    this.#isAdmitting = false;
    for (const { answer, bytes, settle } of this.#waiting) {
      if (answer.isClosed) settle(false);
      else if (this.#fits(answer, bytes)) settle(true);
    }
  }

  /** Releases what clients have read, and disconnects clients that take too long. */
  #checkReaders(): void {
    const now = performance.now();
    // Thousands of answers may ask for memory in one turn of the event loop.
    if (now - this.#checkedAt < CHECK_MS / 2) return;
    this.#checkedAt = now;
    for (const answer of this.#followed) answer.checkReader(now - SLOW_MS);
  }
}

/** The memory of one answer or of one event. */
export class Answer {
  readonly ownerId: string;
  /** How many entities fit into the answer; the others become null with an error. */
  maxEntities = Infinity;
  readonly #budget: AnswerBudget;
  #bytes = 0;
  /** Bytes of base64 among `#bytes`. */
  #videoBytes = 0;
  #closed = false;
  /** Where the answer is written, and since when. */
  #sink: AnswerSink | null = null;
  #since = 0;

  constructor(budget: AnswerBudget, ownerId: string) {
    this.#budget = budget;
    this.ownerId = ownerId;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Reserves memory for the answer, before it is executed.
   *
   * @returns null when there is enough memory; an error when there is not; a promise while the answer waits
   */
  reserve(bytes: number): GraphQLError | null | Promise<GraphQLError | null> {
    if (this.#closed) return null;
    const taken = this.#budget.take(this, bytes);
    if (typeof taken === 'boolean') return this.#taken(taken, bytes);
    return taken.then((later) => this.#taken(later, bytes));
  }

  /**
   * Reserves memory for a video's base64, before it is read.
   *
   * @param byteLength of the video
   * @throws GraphQLError when the answer has too many videos or there is no memory
   */
  async reserveVideo(byteLength: number): Promise<void> {
    const bytes = Math.ceil(byteLength / 3) * 4;
    if (this.#videoBytes > 0 && this.#videoBytes + bytes > MAX_VIDEO_BYTES) throw tooManyVideos();
    this.#videoBytes += bytes;
    const refused = await this.reserve(bytes);
    if (refused !== null) throw refused;
  }

  /** Holds the memory until the response is complete. Once its headers are written, holds only what the client has not read. */
  follow(sink: AnswerSink): void {
    if (sink.closed) return this.release();
    this.#sink = sink;
    this.#since = performance.now();
    this.#budget.follow(this);
    sink.once('close', () => this.release());
    if (sink.headersSent) this.#shrink(sink);
  }

  /** @param since a client that has been reading since before this time is disconnected */
  checkReader(since: number): void {
    if (this.#sink?.headersSent !== true) return;
    this.#shrink(this.#sink);
    if (this.#since < since) this.#budget.disconnect(this.#sink);
  }

  /** Releases all memory. A closed answer reserves no more. */
  release(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#sink !== null) this.#budget.unfollow(this);
    if (this.#bytes > 0) this.#budget.change(this, this.#resize(0));
  }

  #taken(taken: boolean, bytes: number): GraphQLError | null {
    if (!taken) return tooManyAnswers();
    // The budget has counted it already.
    if (this.#closed) this.#budget.change(this, -bytes);
    else this.#bytes += bytes;
    return null;
  }

  #shrink({ writableLength }: AnswerSink): void {
    this.#budget.change(this, this.#resize(writableLength));
  }

  /** @returns the difference in bytes */
  #resize(bytes: number): number {
    const difference = bytes - this.#bytes;
    this.#bytes = bytes;
    return difference;
  }
}

function tooManyAnswers(): GraphQLError {
  return new GraphQLError(
    'The answers in progress use all memory for answers. Try again in a second, or ask for less at a time.',
    { extensions: { code: 'TOO_MANY_ANSWERS', retryAfterSeconds: 1, http: { status: 503 } } },
  );
}

function tooManyVideos(): GraphQLError {
  return new GraphQLError(
    `The videos of one answer may have ${MAX_VIDEO_BYTES / 1024 / 1024} MiB as base64. Ask for fewer videos at a time.`,
    { extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' } },
  );
}
