/** A process that subscribes to jobs over many WebSockets, and checks and counts the messages. */
import { randomUUID } from 'node:crypto';
import { FIRST_VERSION, jobIdOf, SUBSCRIPTION } from '../sample.ts';
import { obey, ready } from '../servers/control.ts';
import { microseconds } from '../servers/event-source.ts';
import { WsConnection } from './ws-connection.ts';

/** Socket i subscribes to job `firstJob` + i modulo `jobs`. */
export interface OpenInput {
  readonly port: number;
  readonly sockets: number;
  readonly firstJob: number;
  readonly jobs: number;
  /** False: all messages are equal, and the version is the number of messages. */
  readonly versioned: boolean;
  /** Maximum number of sockets that connect at the same time. */
  readonly atOnce: number;
}

export interface ExpectInput {
  /** The version before the first one. */
  readonly base: number;
  /** The last version, which always arrives. */
  readonly last: number;
  /** Whether to record the time of each message. */
  readonly timed: boolean;
}

export interface ReceivedOutput {
  readonly messages: number;
  /** A received message. */
  readonly example: string;
  /** Two numbers per message: its time and the index of its event, from the version and the job. */
  readonly times: readonly number[];
}

const VERSION = Buffer.from('"version":');
const DIGITS = String(FIRST_VERSION).length;
const NEXT = Buffer.from('"next"');
/** Messages that do not arrive within this time were skipped. */
const SILENCE_MS = 5000;
/** The longest time between two checks that counts as waiting. */
const MAX_CHECK_MS = 1000;
/** While at least MANY messages are expected, the process sleeps for NAP_MS between reads. */
const NAP_MS = 1;
const MANY = 200;
/** Never changes, so that `Atomics.wait` sleeps until its timeout. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

let connections: WsConnection[] = [];
let failure: Error | null = null;
let acknowledged = 0;
/** Makes `until` check its condition immediately. */
let wake: () => void = () => {};
let options: OpenInput = { port: 0, sockets: 0, firstJob: 0, jobs: 1, versioned: true, atOnce: 1 };
let base = 0;
let timed = false;
/** Number of sockets that have received the last version. */
let finished = 0;
let last = 0;
let messages = 0;
let heard = 0;
let napping = false;
let times: number[] = [];
let example = '';
/** Per socket: the newest version, its offset in a message, and whether a message has arrived. */
let versions = new Int32Array();
let offsets = new Int32Array();
let hasHeard = new Uint8Array();

const listener = {
  failure: (error: Error) => {
    failure ??= error;
  },
  message: (connection: WsConnection, data: Buffer, start: number, end: number) => {
    const { index } = connection;
    const offset = offsets[index] ?? 0;
    if (offset === 0) {
      // The first messages of a socket are parsed completely.
      if (data.subarray(start, end).indexOf(NEXT) < 0)
        return other(connection, data.toString('utf8', start, end));
      offsets[index] = data.subarray(start, end).indexOf(VERSION) + VERSION.length;
    }
    const version = options.versioned
      ? digitsAt(data, start + (offsets[index] ?? 0))
      : Math.max(versions[index] ?? 0, base) + 1;
    if (!(version > (versions[index] ?? 0)))
      failure ??= new Error(`Version ${version} arrived after version ${versions[index]}.`);
    versions[index] = version;
    if (hasHeard[index] === 0) {
      hasHeard[index] = 1;
      heard += 1;
    }
    if (version <= base) return;
    messages += 1;
    if (messages === 1) example = data.toString('utf8', start, end);
    if (version === last && (finished += 1) === options.sockets) wake();
    if (timed) times.push(microseconds(), (version - base - 1) * options.jobs + (index % options.jobs));
    else napSoon();
  },
};

obey({
  /** Resolves when all sockets have sent their subscription. */
  open: async (input: OpenInput) => {
    options = input;
    const { sockets, port, atOnce } = input;
    versions = new Int32Array(sockets);
    offsets = new Int32Array(sockets);
    hasHeard = new Uint8Array(sockets);
    [acknowledged, heard, base, last, messages, failure] = [0, 0, 0, 0, 0, null];
    connections = [];
    for (let index = 0; index < sockets; index += 1) {
      await until(() => connections.length - acknowledged < atOnce);
      connections.push(new WsConnection(index, port, listener));
    }
    await until(() => acknowledged === sockets);
  },
  expect: (input: ExpectInput) => {
    ({ base, last, timed } = input);
    [messages, finished, times] = [0, 0, []];
  },
  /** Resolves when each socket has received the last version, or no message has arrived for SILENCE_MS. */
  received: async (): Promise<ReceivedOutput> => {
    for (let seen = -1; !allArrived() && seen !== messages;) {
      seen = messages;
      await until(allArrived, SILENCE_MS);
    }
    if (failure !== null) throw failure;
    return { messages, example, times };
  },
  /** Number of sockets that have received a message. */
  heard: () => {
    if (failure !== null) throw failure;
    return heard;
  },
  close: () => {
    for (const connection of connections.splice(0)) connection.close();
  },
});
ready();

function other(connection: WsConnection, text: string): void {
  const { type }: { type: string } = JSON.parse(text);
  if (type === 'ping') return connection.send('{"type":"pong"}');
  if (type !== 'connection_ack') return listener.failure(new Error(`Unexpected: ${text.slice(0, 500)}`));
  const variables = { id: jobIdOf(options.firstJob + (connection.index % options.jobs)) };
  const payload = { query: SUBSCRIPTION, operationName: 'Watch', variables };
  connection.send(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload }));
  acknowledged += 1;
  wake();
}

/**
 * Reads once a millisecond while throughput is measured. On one machine the server pays for waking its clients, and the fastest
 * server pays most, because its clients sleep between any two messages. In production the clients run on other machines.
 */
function napSoon(): void {
  if (napping) return;
  napping = true;
  setImmediate(() => {
    napping = false;
    if (options.sockets * (last - base) - messages >= MANY) Atomics.wait(NEVER, 0, 0, NAP_MS);
  });
}

function allArrived(): boolean {
  return finished === options.sockets;
}

function digitsAt(data: Buffer, start: number): number {
  let number = 0;
  for (let at = start; at < start + DIGITS; at += 1) number = number * 10 + (data[at] ?? 0) - 48;
  return number;
}

/** Checks a condition after each message and every few milliseconds. Time during which the machine was suspended does not count. */
async function until(condition: () => boolean, patienceMs = 20_000): Promise<void> {
  let waitedMs = 0;
  let checkedAt = performance.now();
  while (!condition()) {
    if (failure !== null) throw failure;
    waitedMs += Math.min(performance.now() - checkedAt, MAX_CHECK_MS);
    checkedAt = performance.now();
    if (waitedMs > patienceMs) {
      if (patienceMs === SILENCE_MS) return;
      throw new Error(`${acknowledged} of ${connections.length} sockets were acknowledged in time.`);
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 2);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wake = () => {};
  }
}
