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
      this.#readFirst(buffer.toString('latin1', 0, length));
      return true;
    }
    if (this.#received === 0 && buffer.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
      onFailure(new Error(`An answer began with ${buffer.toString('latin1', 0, 60)}`));
      return false;
    }
    this.#received += length;
    if (this.#received > this.#expected) onFailure(new Error('An answer was longer than the first one.'));
    else if (this.#received === this.#expected) this.#done();
    return true;
  }

  #readFirst(text: string): void {
    this.#first += text;
    const headEnd = this.#first.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const bodyStart = headEnd + HEAD_END.length;
    const [, length] = /^content-length: *(\d+)/im.exec(this.#first.slice(0, headEnd)) ?? [];
    if (length === undefined) throw new Error(`No length was told: ${this.#first}`);
    this.#received = this.#first.length;
    const expected = bodyStart + Number(length);
    if (this.#received < expected) return;
    if (!this.#first.startsWith(OK.toString())) throw new Error(`Not OK: ${this.#first}`);
    this.#expected = expected;
    this.body = Buffer.from(this.#first.slice(bodyStart), 'latin1').toString();
    this.#done();
  }

  #done(): void {
    this.#received = 0;
    this.#onAnswer(this);
  }
}
