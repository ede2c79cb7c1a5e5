import { connect, type Socket } from 'node:net';

const FIN_TEXT = 0x81;
const PING = 0x9;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** Shared by all connections, which read one after the other. */
const buffer = Buffer.allocUnsafe(256 * 1024);

/** The message is in shared memory, valid until the call returns. */
export interface WsListener {
  message(connection: WsConnection, data: Buffer, start: number, end: number): void;
  failure(error: Error): void;
}

/** A minimal WebSocket client, so that thousands of them need little CPU time. */
export class WsConnection {
  /** Its index among all connections. */
  readonly index: number;
  readonly #socket: Socket;
  readonly #listener: WsListener;
  #upgraded = false;
  /** The start of an incomplete frame. */
  #rest: Buffer | null = null;

  constructor(index: number, port: number, listener: WsListener) {
    this.index = index;
    this.#listener = listener;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer, callback: (length) => this.#read(length) },
    });
    this.#socket.on('error', (error) => listener.failure(error));
    this.#socket.on('end', () => listener.failure(new Error('The server closed a socket.')));
    this.#socket.write(
      [
        'GET /graphql HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${KEY}`,
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: graphql-transport-ws',
        '\r\n',
      ].join('\r\n'),
    );
  }

  send(text: string): void {
    this.#socket.write(frame(FIN_TEXT, Buffer.from(text)));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(length: number): boolean {
    const rest = this.#rest;
    const data = rest === null ? buffer : Buffer.concat([rest, buffer.subarray(0, length)]);
    const end = rest === null ? length : data.length;
    const start = this.#upgraded ? 0 : this.#upgrade(data.toString('latin1', 0, end));
    const used = start < 0 ? 0 : this.#frames(data, start, end);
    this.#rest = used === end ? null : Buffer.from(data.subarray(used, end));
    return true;
  }

  /** @returns the offset of the first frame; -1 when the head of the response is incomplete */
  #upgrade(text: string): number {
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) return -1;
    this.#upgraded = text.startsWith('HTTP/1.1 101');
    if (!this.#upgraded) this.#listener.failure(new Error(`No upgrade: ${text.slice(0, 200)}`));
    this.send('{"type":"connection_init"}');
    return headEnd + 4;
  }

  /** @returns the offset of the first incomplete frame */
  #frames(data: Buffer, from: number, end: number): number {
    let at = from;
    while (end - at >= 2) {
      let start = at + 2;
      let length = (data[at + 1] ?? 0) & 0x7f;
      if (length === 126) {
        if (end - at < 4) break;
        length = data.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        this.#listener.failure(new Error('A message was longer than 64 KiB.'));
        return end;
      }
      if (end - start < length) break;
      const first = data[at] ?? 0;
      if (first === FIN_TEXT) this.#listener.message(this, data, start, start + length);
      else if ((first & 0xf) === PING) {
        this.#socket.write(frame(0x8a, data.subarray(start, start + length)));
      } else this.#listener.failure(new Error(`An unexpected frame: ${first.toString(16)}`));
      at = start + length;
    }
    return at;
  }
}

/** A masked frame, as the protocol requires of clients. The mask is zero, so the payload does not change. */
function frame(first: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = first;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
