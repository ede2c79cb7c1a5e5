import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Unread bytes of a client above which its subscriptions hold their events back. */
const MAX_BUFFERED_BYTES = 16 * 1024;
/** Unread bytes of a client above which its messages are not read. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** RFC 6455, section 5.5: of a control frame's 125 bytes the close code takes two. */
const MAX_REASON_BYTES = 123;
/** First byte of a frame that is a whole text message. */
const TEXT = 0x81;
/** Longest payload in bytes whose length fits into the frame's second byte, and into two more. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;

/** Flushes all writers with messages together at the end of a turn of the event loop: a sleeping reader is woken once. */
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

/** Writes the messages of one socket. Small messages of one turn of the event loop are written in one piece. */
export class SocketWriter {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #scheduler: FlushScheduler;
  /** Frames, one character per byte. */
  #frames = '';
  /** Called when the frames are with the system. */
  #onWritten: (() => void)[] = [];
  #isBehind = false;
  #waiting: (() => void)[] = [];

  /** @param stream what the socket writes to */
  constructor(socket: WebSocket, stream: Duplex, scheduler: FlushScheduler) {
    this.#socket = socket;
    this.#stream = stream;
    this.#scheduler = scheduler;
  }

  /** Whether the client has too much unread: events must wait for `onReady`. */
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
    // The string must not become longer than V8 allows.
    if (this.#frames.length > MAX_BUFFERED_BYTES) this.flush();
  }

  /** Writes the collected frames. */
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
      // Terminating ends the open operations.
      if (error != null) this.#socket.terminate();
      resumeReading(this.#socket);
      this.#written(onWritten);
    });
    pauseReading(this.#socket);
  }

  /** Closes the socket after the messages that were written. */
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

/** Closes a socket. The reason is cut to the size of a close frame, as some reasons have an operation's id. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  const bytes = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  socket.close(code, new TextDecoder().decode(bytes, { stream: true }));
}

/** Stops reading from a client with too much unread: its further requests would fill the memory with answers. */
export function pauseReading(socket: WebSocket): void {
  if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.pause();
}

/** Reads again from a client that has read enough. */
export function resumeReading(socket: WebSocket): void {
  if (socket.isPaused && socket.bufferedAmount <= MAX_UNREAD_BYTES) socket.resume();
}

/**
 * A text message as a frame of a server, one character per byte (RFC 6455, section 5.2). ws would write header and payload
 * separately, which costs a third more. The order with frames that ws writes is kept: without compression ws queues nothing.
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
