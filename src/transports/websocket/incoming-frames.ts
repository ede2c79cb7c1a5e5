import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

/** Limits of one incomplete message. */
export interface IncomingLimits {
  /** Received bytes, with the headers of frames and the control frames between them. */
  readonly maxBytes: number;
  /** Milliseconds from the first byte to the last. */
  readonly timeoutMs: number;
}

/**
 * Terminates a socket when one message takes too many bytes or too long. ws limits only the payload of a message, not the control
 * frames between its fragments and not the time. It reports complete messages only, so the headers of frames are parsed here again
 * (RFC 6455, section 5.2).
 */
export class IncomingFrames {
  readonly #socket: WebSocket;
  #limits: IncomingLimits;
  /** Bytes of the incomplete message; 0 between two messages. */
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes of the current frame's header that were read. */
  #headerBytes = 0;
  /** Bytes of its extended length. */
  #lengthBytes = 0;
  #payloadLength = 0;
  /** Bytes of the current frame that are missing after its length: the mask and the payload. */
  #rest = 0;
  #isLastFragment = false;
  #isControl = false;
  /** Whether a fragment of an incomplete message was received. */
  #isFragmented = false;

  constructor(socket: WebSocket, stream: Duplex, limits: IncomingLimits) {
    this.#socket = socket;
    this.#limits = limits;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('close', () => clearTimeout(this.#timer));
  }

  /** Changes the limits. The timeout of an incomplete message starts again. */
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
    else if (this.#bytes > this.#limits.maxBytes) this.#refuse();
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

  #refuse(): void {
    // ws has sent a close code and discards what arrives until its timeout. A reset now could reach the client before the code does.
    if (this.#socket.readyState !== WebSocket.CLOSING) this.#socket.terminate();
  }

  #expire(): void {
    this.#timer = undefined;
    // While the socket is paused, the rest cannot arrive.
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
