/** A process that watches jobs over many WebSockets and checks and counts what comes. */
import { randomUUID } from 'node:crypto';
import { FIRST_VERSION, jobIdOf, SUBSCRIPTION } from '../sample.ts';
import { obey, ready } from '../servers/control.ts';
import { microseconds } from '../servers/event-source.ts';
import { WsConnection } from './ws-connection.ts';

/** Socket i watches job `firstJob` + i modulo `jobs`. */
export interface OpenInput {
  readonly port: number;
  readonly sockets: number;
  readonly firstJob: number;
  readonly jobs: number;
  /** False: all messages are alike, and a version is known by the count of messages. */
  readonly versioned: boolean;
  /** How many may be connecting at a time. */
  readonly atOnce: number;
}

/** What is about to come. */
export interface ExpectInput {
  /** The version before the first one. */
  readonly base: number;
  /** The last one, which comes in any case. */
  readonly last: number;
  /** Whether to note when each message came. */
  readonly timed: boolean;
}

/** What came. */
export interface ReceivedOutput {
  readonly messages: number;
  /** A message as it came. */
  readonly example: string;
  /** Of each message when it came, and after it the number of its event: version, and job among jobs. */
  readonly times: readonly number[];
}

const VERSION = Buffer.from('"version":');
const DIGITS = String(FIRST_VERSION).length;
const NEXT = Buffer.from('"next"');
/** What has not come for so long was left out. */
const SILENCE_MS = 5000;
/** As much of the time between two looks as counts as waiting. */
const LONGEST_LOOK_MS = 1000;
/** How long it sleeps at a time while many messages are still to come, and how many these are. */
const NAP_MS = 1;
const MANY = 200;
/** Never changes: to wait for it is to sleep. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

let connections: WsConnection[] = [];
let failure: Error | null = null;
let acknowledged = 0;
/** Has `until` look again at once. */
let wake: () => void = () => {};
let options: OpenInput = { port: 0, sockets: 0, firstJob: 0, jobs: 1, versioned: true, atOnce: 1 };
let base = 0;
let timed = false;
/** How many sockets have had the last version. */
let finished = 0;
let last = 0;
let messages = 0;
let heard = 0;
let napping = false;
let times: number[] = [];
let example = '';
/** Of each socket: the newest version, where it stands in a message, and whether any message came. */
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
      // A socket's first messages are few: read in full.
      if (data.subarray(start, end).indexOf(NEXT) < 0)
        return other(connection, data.toString('utf8', start, end));
      offsets[index] = data.subarray(start, end).indexOf(VERSION) + VERSION.length;
    }
    const version = options.versioned
      ? digitsAt(data, start + (offsets[index] ?? 0))
      : Math.max(versions[index] ?? 0, base) + 1;
    if (!(version > (versions[index] ?? 0))) failure ??= new Error(`Version ${version} came late.`);
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
  /** Resolves once all have asked for their subscription. */
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
  /** Resolves once each socket has had the last version, or nothing more comes. */
  received: async (): Promise<ReceivedOutput> => {
    for (let seen = -1; !allCame() && seen !== messages;) {
      seen = messages;
      await until(allCame, SILENCE_MS);
    }
    if (failure !== null) throw failure;
    return { messages, example, times };
  },
  /** How many sockets have had a message. */
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
 * While throughput is measured, it reads what has come once a millisecond. On one machine a server pays for waking its
 * reader, and the fastest one pays most, whose reader sleeps between any two messages. In life readers are elsewhere.
 */
function napSoon(): void {
  if (napping) return;
  napping = true;
  setImmediate(() => {
    napping = false;
    if (options.sockets * (last - base) - messages >= MANY) Atomics.wait(NEVER, 0, 0, NAP_MS);
  });
}

function allCame(): boolean {
  return finished === options.sockets;
}

function digitsAt(data: Buffer, start: number): number {
  let number = 0;
  for (let at = start; at < start + DIGITS; at += 1) number = number * 10 + (data[at] ?? 0) - 48;
  return number;
}

/** Looks again when something has come and every few milliseconds. While the machine stood still, nobody has waited. */
async function until(condition: () => boolean, patienceMs = 20_000): Promise<void> {
  let waitedMs = 0;
  let looked = performance.now();
  while (!condition()) {
    if (failure !== null) throw failure;
    waitedMs += Math.min(performance.now() - looked, LONGEST_LOOK_MS);
    looked = performance.now();
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
