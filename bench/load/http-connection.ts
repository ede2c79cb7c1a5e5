import { connect, type Socket } from 'node:net';

type Listener = (connection: HttpConnection) => void;

const HEAD_END = '\r\n\r\n';
const OK = Buffer.from('HTTP/1.1 200');
/** Shared by all connections, which read one after the other. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/**
 * A keep-alive connection with one pending request. It parses the first response completely; later responses must have the same
 * status and length. This check is so cheap that the server reaches its limit long before the client.
 */
export class HttpConnection {
  /** The body of the first response. */
  body = '';
  /** Time of the pending request, set by the owner of the connection. */
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

  /** Resolves when it is connected. */
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
      const problem = this.#readFirst(buffer.toString('latin1', 0, length));
      if (problem !== null) onFailure(new Error(`${problem}: ${this.#first}`));
      return problem === null;
    }
    const isStart = this.#received === 0 && length >= OK.length;
    if (isStart && buffer.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
      onFailure(new Error(`A response started with ${buffer.toString('latin1', 0, 60)}`));
      return false;
    }
    this.#received += length;
    if (this.#received > this.#expected) onFailure(new Error('A response was longer than the first one.'));
    else if (this.#received === this.#expected) this.#done();
    return true;
  }

  /** @returns an error message, or null */
  #readFirst(text: string): string | null {
    this.#first += text;
    const headEnd = this.#first.indexOf(HEAD_END);
    if (headEnd < 0) return null;
    const bodyStart = headEnd + HEAD_END.length;
    const [, length] = /^content-length: *(\d+)/im.exec(this.#first.slice(0, headEnd)) ?? [];
    if (length === undefined) return 'No content-length';
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
