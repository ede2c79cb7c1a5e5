import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

/** Answers of a name: its addresses, none of which mean that it exists without one; an error code; or no answer. */
export type DnsRecord = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

export type DnsType = 'A' | 'AAAA';

const TYPES: Readonly<Record<number, DnsType>> = { 1: 'A', 28: 'AAAA' };
const CODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const HEADER_BYTES = 12;
/** A response to a recursive query, from a server that does recursion. */
const RESPONSE_FLAGS = 0x8180;
/** The name of a record, which is that of the question (RFC 1035, 4.1.4). */
const NAME_OF_QUESTION = 0xc00c;

/** A name server on 127.0.0.1 (RFC 1035, over UDP). */
export class DnsServer implements AsyncDisposable {
  /** The questions so far, such as `A example.com`. */
  readonly questions: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #recordOf: (name: string, type: DnsType) => DnsRecord;

  private constructor(recordOf: (name: string, type: DnsType) => DnsRecord) {
    this.#recordOf = recordOf;
    this.#socket.on('message', (query, from) => this.#answer(query, from));
  }

  static async start(recordOf: (name: string, type: DnsType) => DnsRecord): Promise<DnsServer> {
    const server = new DnsServer(recordOf);
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  /** The address and the port. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(query, HEADER_BYTES);
    const type = TYPES[query.readUInt16BE(end)];
    if (type === undefined) throw new Error(`A query for ${name} has an unexpected type.`);
    this.questions.push(`${type} ${name}`);
    const record = this.#recordOf(name, type);
    if (record === 'silence') return;
    const addresses = typeof record === 'string' ? [] : record;
    const code = typeof record === 'string' ? CODES[record] : 0;
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(RESPONSE_FLAGS | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    // The type and the class follow the name of the question.
    const question = query.subarray(HEADER_BYTES, end + 4);
    const records = addresses.map((address) => encodeRecord(query.readUInt16BE(end), address));
    this.#socket.send(Buffer.concat([header, question, ...records]), from.port, from.address);
  }
}

function encodeRecord(type: number, address: string): Buffer {
  const data = Buffer.from(ipaddr.parse(address).toByteArray());
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(NAME_OF_QUESTION, 0);
  head.writeUInt16BE(type, 2);
  // The class of the internet, then 60 seconds to live.
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function readName(query: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  // c-ares may vary the case of letters, against forged answers.
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
