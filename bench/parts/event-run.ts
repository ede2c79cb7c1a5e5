import { isDeepStrictEqual } from 'node:util';
import type { ReceivedOutput } from '../load/ws-load.ts';
import type { BenchProcess } from '../measure/process.ts';
import { FIRST_VERSION, runningState } from '../sample.ts';
import type { EventContestant } from './event-contestants.ts';

/** Who watches what. */
export interface Shape {
  readonly name: string;
  readonly sockets: number;
  /** Its jobs are no other shape’s, as a store takes one version after the other. */
  readonly firstJob: number;
  readonly jobs: number;
  /** Versions of each job in one go. */
  readonly rounds: number;
  /** Milliseconds between two events at a moderate rate. */
  readonly gapMs: number;
}

/** How much of what was sent came. */
export interface Delivery {
  sent: number;
  came: number;
}

/** How many sockets may be connecting at a time. */
const AT_ONCE = 100;
const TRIES = 200;

/** A server, what makes its events and what watches them. */
export class EventRun {
  readonly contestant: EventContestant;
  /** Over all measurements. */
  readonly delivery: Delivery = { sent: 0, came: 0 };
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

  /** Opens the sockets, and resolves once each of them has had an event. */
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
      // Those that show a job's present state have heard before; the check of what comes finds who has not.
      if ((await this.#load.ask<number>('heard')) === sockets) break;
    }
    await this.#burst(shape, 1);
  }

  async close(): Promise<void> {
    await this.#load.ask('close');
  }

  /** Sends as many messages, so that code that is run often is compiled. */
  async warmUp(shape: Shape, messages: number): Promise<void> {
    for (let sent = 0; sent < messages;) sent += await this.#burst(shape, this.#roundsOf(shape));
  }

  /** @returns messages a CPU second of the server */
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

  /** @returns how many messages came */
  async #burst(shape: Shape, rounds: number): Promise<number> {
    const messages = shape.sockets * rounds;
    const base = this.#versionOf(shape);
    await this.#load.ask('expect', { base, last: base + rounds, timed: false });
    await this.#publish(shape, rounds);
    return (await this.#received(messages)).messages;
  }

  /** From another process events can come faster than they are sent on, and a watcher that is behind may be spared some. */
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
    this.delivery.came += received.messages;
    const { kind, name } = this.contestant;
    // Reelgate may leave out a version for who has not yet taken the one before.
    const least = kind === 'reelgate' ? expected / 2 : expected;
    if (received.messages < least || received.messages > expected) {
      throw new Error(`${name}: ${received.messages} messages came instead of ${expected}.`);
    }
    this.#check(received.example);
    return received;
  }

  /** The data has to be what all others give too. */
  #check(text: string): void {
    const { payload }: { payload: { data: { videoJobUpdated: { id: string; version: number } } } } =
      JSON.parse(text);
    const { id, version } = payload.data.videoJobUpdated;
    const state = runningState(Number.parseInt(id.slice(-12), 16), version);
    if (!isDeepStrictEqual(payload, { data: { videoJobUpdated: state } })) {
      throw new Error(`${this.contestant.name} sends other data: ${text}`);
    }
  }
}
