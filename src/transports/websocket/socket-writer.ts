import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Bytes that a client may leave unread before its subscriptions keep their events back. */
const MAX_BUFFERED_BYTES = 16 * 1024;
/** Bytes that a client may leave unread before its messages are no longer read. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** RFC 6455, section 5.5: of a control frame's 125 bytes the close code takes two. */
const MAX_REASON_BYTES = 123;
/** First byte of a frame that is a whole text message. */
const TEXT = 0x81;
/** Longest payload in bytes whose length fits into the frame's second byte, and into two more. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;

/** Flushes the writers that have messages at the end of a turn of the event loop, all in a row: readers that sleep are woken once. */
export class FlushScheduler {
  #writers: SocketWriter[] = [];

  add(writer: SocketWriter): void {
    if (this.#writers.length === 0) setImmediate(() => this.flush());
    this.#writers.push(writer);
  }

  flush(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.flush();
  }
}

/** Writes the messages of one socket: those of one turn in one piece, as long as they are small. */
export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #scheduler: FlushScheduler;
  /** Frames, one character per byte. */
  #frames = '';
  /** Called when what was added so far is with the system. */
  #onWritten: (() => void)[] = [];
  #isBehind = false;
  #waiting: (() => void)[] = [];

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, scheduler: FlushScheduler) {
    this.#socket = socket;
    this.#stream = stream;
    this.#scheduler = scheduler;
  }

  /** Whether the client has too much to read: events must wait for `onReady`. */
  isBehind(): boolean {
    return this.#isBehind;
  }

  /** Calls back once, when events may be written again. */
  onReady(listener: () => void): void {
    this.#waiting.push(listener);
  }

  /**
   * @param message see `byteString`
   * @param onWritten called once when the message is with the system, or the socket has closed
   */
  write(message: string, onWritten?: () => void): void {
    if (this.#frames === '') this.#scheduler.add(this);
    this.#frames += frameOf(message);
    if (onWritten !== undefined) this.#onWritten.push(onWritten);
    // However much comes in one turn, the string must not become longer than V8 allows.
    if (this.#frames.length > MAX_BUFFERED_BYTES) this.flush();
  }

  /** Writes what waits for the end of the turn. */
  flush(): void {
    const frames = this.#frames;
    if (frames === '') return;
    const onWritten = this.#onWritten;
    this.#frames = '';
    this.#onWritten = [];
    if (this.#socket.readyState !== this.#socket.OPEN) return this.#written(onWritten);
    const isBehind = this.#stream.writableLength + frames.length > MAX_BUFFERED_BYTES;
    if (!isBehind && onWritten.length === 0) {
      this.#stream.write(frames, 'latin1');
      return;
    }
    if (isBehind) this.#isBehind = true;
    this.#stream.write(frames, 'latin1', (error) => {
      // What was open ends with the socket.
      if (error != null) this.#socket.terminate();
      resumeReading(this.#socket);
      this.#written(onWritten);
    });
    pauseReading(this.#socket);
  }

  /** Closes the socket, behind what was written. */
  close(code: number, reason: string): void {
    this.flush();
    closeSocket(this.#socket, code, reason);
  }

  #written(listeners: readonly (() => void)[]): void {
    for (const listener of listeners) listener();
    if (this.#stream.writableLength > MAX_BUFFERED_BYTES) return;
    this.#isBehind = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const listener of waiting) listener();
  }
}

/** Closes with as much of the reason as fits into a close frame; some reasons name an operation's id. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
}

/** Stops reading a client that leaves too much unread: one that asks without reading the answers would fill the memory. */
export function pauseReading(socket: WebSocket): void {
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.pause();
}

/** Reads a client again that has read enough. */
export function resumeReading(socket: WebSocket): void {
  if (socket.isPaused && socket.bufferedAmount <= MAX_UNREAD_BYTES) socket.resume();
}

/**
 * A whole text message as a server sends it, one character per byte (RFC 6455, section 5.2). ws would write head and payload
 * separately, which costs a third more. Nothing of ws can be overtaken, as it holds nothing back without compression.
 *
 * @param bytes see `byteString`
 */
export function frameOf(bytes: string): string {
  return headOf(bytes.length) + bytes;
}

function headOf(length: number): string {
  if (length <= MAX_SHORT) return String.fromCharCode(TEXT, length);
  if (length <= MAX_MEDIUM) return String.fromCharCode(TEXT, MAX_SHORT + 1, length >> 8, length & 0xff);
  // No string is as long as 4 GiB.
  const low = [length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return String.fromCharCode(TEXT, MAX_SHORT + 2, 0, 0, 0, 0, ...low);
}
