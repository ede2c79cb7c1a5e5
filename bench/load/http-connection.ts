import { connect, type Socket } from 'node:net';

/** One answer: its bytes are shared, and good until the listener returns. */
type Listener = (connection: HttpConnection) => void;

const HEAD_END = '\r\n\r\n';
const OK = Buffer.from('HTTP/1.1 200');
/** All connections read into the same memory, one after the other. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/**
 * A keep-alive connection with one request under way at a time. The first answer is read in full; the later ones must
 * have its status and its length, which costs so little that the server is busy long before this is.
 */
export class HttpConnection {
  /** The first answer's body. */
  body = '';
  /** When the request under way was sent, for who asked. */
  sentAt = 0;
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #onAnswer: Listener;
  #expected = 0;
  #received = 0;
  #first = '';

  private constructor(port: number, request: Buffer, onAnswer: Listener, onFailure: (error: Error) => void) {
    this.#request = request;
    this.#onAnswer = onAnswer;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback: (length) => this.#read(length, onFailure) },
    });
    this.#socket.on('error', onFailure);
    this.#socket.on('end', () => onFailure(new Error('The server closed the connection.')));
  }

  /** Resolves once it is connected. */
  static async open(
    port: number,
    request: Buffer,
    onAnswer: Listener,
    onFailure: (error: Error) => void,
  ): Promise<HttpConnection> {
    const connection = new HttpConnection(port, request, onAnswer, onFailure);
    await new Promise<void>((resolve) => {
      connection.#socket.once('connect', resolve);
    });
    return connection;
  }

  send(): void {
    this.#socket.write(this.#request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(length: number, onFailure: (error: Error) => void): boolean {
    if (this.#expected === 0) {
      const fault = this.#readFirst(buffer.toString('latin1', 0, length));
      if (fault !== null) onFailure(new Error(`${fault}: ${this.#first}`));
      return fault === null;
    }
    const begins = this.#received === 0 && length >= OK.length;
    if (begins && buffer.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
      onFailure(new Error(`An answer began with ${buffer.toString('latin1', 0, 60)}`));
      return false;
    }
    this.#received += length;
    if (this.#received > this.#expected) onFailure(new Error('An answer was longer than the first one.'));
    else if (this.#received === this.#expected) this.#done();
    return true;
  }

  /** @returns what is wrong with the answer, or null */
  #readFirst(text: string): string | null {
    this.#first += text;
    const headEnd = this.#first.indexOf(HEAD_END);
    if (headEnd < 0) return null;
    const bodyStart = headEnd + HEAD_END.length;
    const [, length] = /^content-length: *(\d+)/im.exec(this.#first.slice(0, headEnd)) ?? [];
    if (length === undefined) return 'No length was told';
    this.#received = this.#first.length;
    const expected = bodyStart + Number(length);
    if (this.#received < expected) return null;
    if (!this.#first.startsWith(OK.toString())) return 'Not OK';
    this.#expected = expected;
    this.body = Buffer.from(this.#first.slice(bodyStart), 'latin1').toString();
    this.#done();
    return null;
  }

  #done(): void {
    this.#received = 0;
    this.#onAnswer(this);
  }
}
