import { isDeepStrictEqual } from 'node:util';
import type { ReceivedOutput } from '../load/ws-load.ts';
import type { BenchProcess } from '../measure/process.ts';
import { FIRST_VERSION, runningState } from '../sample.ts';
import type { EventContestant } from './event-contestants.ts';

/** Sockets and the jobs that they subscribe to. */
export interface Shape {
  readonly name: string;
  readonly sockets: number;
  /** The shapes have different jobs, because the versions of a job must increase. */
  readonly firstJob: number;
  readonly jobs: number;
  /** Versions of each job per burst. */
  readonly rounds: number;
  /** Milliseconds between two events at a moderate rate. */
  readonly gapMs: number;
}

export interface Delivery {
  sent: number;
  arrived: number;
}

/** Maximum number of sockets that connect at the same time. */
const AT_ONCE = 100;
const TRIES = 200;

/** A server with its publisher and its subscribers. */
export class EventRun {
  readonly contestant: EventContestant;
  /** Total of all measurements. */
  readonly delivery: Delivery = { sent: 0, arrived: 0 };
  readonly #server: BenchProcess;
  readonly #publisher: BenchProcess;
  readonly #load: BenchProcess;
  /** The newest version of the jobs of each shape. */
  readonly #versions = new Map<Shape, number>();

  constructor(
    contestant: EventContestant,
    { server, publisher, load }: { server: BenchProcess; publisher: BenchProcess | null; load: BenchProcess },
  ) {
    this.contestant = contestant;
    this.#server = server;
    this.#publisher = publisher ?? server;
    this.#load = load;
  }

  /** Opens the sockets. Resolves when each has received an event. */
  async open(shape: Shape): Promise<void> {
    const { sockets, firstJob, jobs } = shape;
    const port = await this.#server.port();
    const versioned = this.contestant.kind !== 'bare';
    try {
      await this.#load.ask('open', { port, sockets, firstJob, jobs, versioned, atOnce: AT_ONCE });
    } catch (error) {
      throw new Error(`${this.contestant.name} did not open ${shape.name}.`, { cause: error });
    }
    for (let tries = 0; tries < TRIES; tries += 1) {
      await this.#publish(shape, 1);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      // Servers that send the current state first pass this check early; the check of the burst covers them.
      if ((await this.#load.ask<number>('heard')) === sockets) break;
    }
    await this.#burst(shape, 1);
  }

  async close(): Promise<void> {
    await this.#load.ask('close');
  }

  /** Sends at least this many messages, so that the hot code is compiled. */
  async warmUp(shape: Shape, messages: number): Promise<void> {
    for (let sent = 0; sent < messages;) sent += await this.#burst(shape, this.#roundsOf(shape));
  }

  /** @returns messages per CPU second of the server */
  async throughput(shape: Shape, seconds: number): Promise<number> {
    const before = await this.#server.ask<number>('cpuSeconds');
    const started = performance.now();
    let messages = 0;
    while (performance.now() - started < seconds * 1000)
      messages += await this.#burst(shape, this.#roundsOf(shape));
    const used = (await this.#server.ask<number>('cpuSeconds')) - before;
    return messages / used;
  }

  /** @returns the time from each event to each of its messages, at a moderate rate, in milliseconds */
  async latencies(shape: Shape, seconds: number): Promise<number[]> {
    const { sockets, firstJob, jobs, gapMs } = shape;
    const base = this.#versionOf(shape);
    const events = Math.ceil((seconds * 1000) / gapMs / jobs) * jobs;
    const messages = (events / jobs) * sockets;
    await this.#load.ask('expect', { base, last: base + events / jobs, timed: true });
    const input = { firstJob, jobs, events, gapMs, base };
    const published = await this.#publisher.ask<number[]>('paced', input);
    this.#versions.set(shape, base + events / jobs);
    const { times } = await this.#received(messages);
    const latencies: number[] = [];
    for (let at = 0; at < times.length; at += 2) {
      const sentAt = published[times[at + 1] ?? -1] ?? NaN;
      latencies.push(((times[at] ?? NaN) - sentAt) / 1000);
    }
    return latencies;
  }

  /** @returns the number of messages that arrived */
  async #burst(shape: Shape, rounds: number): Promise<number> {
    const messages = shape.sockets * rounds;
    const base = this.#versionOf(shape);
    await this.#load.ask('expect', { base, last: base + rounds, timed: false });
    await this.#publish(shape, rounds);
    return (await this.#received(messages)).messages;
  }

  /** Over Redis one version per burst: events can arrive faster than the server sends them, and a slow subscriber may skip versions. */
  #roundsOf({ rounds }: Shape): number {
    return this.contestant.overRedis ? 1 : rounds;
  }

  #versionOf(shape: Shape): number {
    return this.#versions.get(shape) ?? FIRST_VERSION;
  }

  async #publish(shape: Shape, rounds: number): Promise<void> {
    const { firstJob, jobs } = shape;
    const base = this.#versionOf(shape);
    await this.#publisher.ask('burst', { firstJob, jobs, rounds, base });
    this.#versions.set(shape, base + rounds);
  }

  async #received(expected: number): Promise<ReceivedOutput> {
    const received = await this.#load.ask<ReceivedOutput>('received');
    this.delivery.sent += expected;
    this.delivery.arrived += received.messages;
    const { kind, name } = this.contestant;
    // Reelgate may skip versions for a subscriber that has not read the previous one.
    const least = kind === 'reelgate' ? expected / 2 : expected;
    if (received.messages < least || received.messages > expected) {
      throw new Error(`${name}: ${received.messages} messages arrived instead of ${expected}.`);
    }
    this.#check(received.example);
    return received;
  }

  /** All contestants must send the same data. */
  #check(text: string): void {
    const { payload }: { payload: { data: { videoJobUpdated: { id: string; version: number } } } } =
      JSON.parse(text);
    const { id, version } = payload.data.videoJobUpdated;
    const state = runningState(Number.parseInt(id.slice(-12), 16), version);
    if (!isDeepStrictEqual(payload, { data: { videoJobUpdated: state } })) {
      throw new Error(`${this.contestant.name} sent other data: ${text}`);
    }
  }
}
