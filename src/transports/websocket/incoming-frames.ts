import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Of one message that is not complete. */
export interface IncomingLimits {
  /** Bytes as received, with the frames' headers and the control frames in between. */
  readonly maxBytes: number;
  /** Milliseconds from the first byte to the last. */
  readonly timeoutMs: number;
}

/**
 * Follows the frames that a client sends, and terminates the socket when one message takes too many bytes or too long.
 * ws limits the payload of a message only: the memory of control frames between its fragments, and the time, it does not.
 * The frames' headers are read here once more (RFC 6455, section 5.2), as ws tells of complete messages only.
 */
export class IncomingFrames {
  readonly #socket: WebSocket;
  #limits: IncomingLimits;
  /** Bytes of the message that is not complete; 0 between two messages. */
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** How many bytes of the present frame's header were read. */
  #headerBytes = 0;
  /** How many there are of its extended length. */
  #lengthBytes = 0;
  #payloadLength = 0;
  /** Bytes of the present frame that are still to come after its length: the mask and the payload. */
  #rest = 0;
  #isLastFragment = false;
  #isControl = false;
  /** Whether a fragment was received whose message is not complete. */
  #isFragmented = false;

  constructor(socket: WebSocket, stream: Duplex, limits: IncomingLimits) {
    this.#socket = socket;
    this.#limits = limits;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('close', () => clearTimeout(this.#timer));
  }

  /** Changes the limits; a message that has begun gets the new time from now on. */
  setLimits(limits: IncomingLimits): void {
    this.#limits = limits;
    if (this.#timer === undefined) return;
    this.#stopTimer();
    this.#startTimer();
  }

  #receive(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const bytes = this.#rest > 0 ? Math.min(this.#rest, chunk.length - at) : 1;
      this.#bytes += bytes;
      if (this.#rest === 0) {
        this.#readHeader(chunk[at] ?? 0);
      } else {
        this.#rest -= bytes;
        if (this.#rest === 0) this.#endFrame();
      }
      at += bytes;
    }
    if (this.#bytes === 0) this.#stopTimer();
    else if (this.#bytes > this.#limits.maxBytes) this.#socket.terminate();
    else this.#startTimer();
  }

  #readHeader(byte: number): void {
    this.#headerBytes += 1;
    if (this.#headerBytes === 1) {
      this.#isLastFragment = byte >= 0x80;
      this.#isControl = (byte & 0x08) !== 0;
      return;
    }
    if (this.#headerBytes === 2) {
      const length = byte & 0x7f;
      this.#lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0;
      this.#payloadLength = this.#lengthBytes === 0 ? length : 0;
    } else {
      this.#payloadLength = this.#payloadLength * 256 + byte;
    }
    // Clients mask every frame; one that does not is closed by ws.
    if (this.#headerBytes === 2 + this.#lengthBytes) this.#rest = MASK_BYTES + this.#payloadLength;
  }

  #endFrame(): void {
    this.#headerBytes = 0;
    if (!this.#isControl) this.#isFragmented = !this.#isLastFragment;
    if (this.#isFragmented) return;
    this.#bytes = 0;
    this.#stopTimer();
  }

  #expire(): void {
    this.#timer = undefined;
    // While the server does not read, the rest cannot arrive.
    if (this.#socket.isPaused) this.#startTimer();
    else this.#socket.terminate();
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => this.#expire(), this.#limits.timeoutMs);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const MASK_BYTES = 4;
