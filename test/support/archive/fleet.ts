import { setTimeout as delay } from 'node:timers/promises';
import { graphql } from '../gateway/http.ts';
import { spawnGateway, type SpawnedGateway } from '../gateway/spawned-gateway.ts';

const TIMEOUT_MS = 120_000;
const RETRY_MS = 100;

/** Gateways on one store that are killed again and again. Requests go to any of them until one answers. */
export class Fleet implements AsyncDisposable {
  kills = 0;
  readonly #settings: Readonly<Record<string, string>>[];
  readonly #gateways: (SpawnedGateway | null)[] = [];
  #next = 0;
  /** Why a gateway did not start again. */
  #startFailure: unknown = null;

  /** @param settings of each gateway */
  constructor(settings: readonly Readonly<Record<string, string>>[]) {
    this.#settings = [...settings];
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    await Promise.all(
      this.#settings.map(async (settings, index) => {
        this.#gateways[index] = await spawnGateway({ ...settings, ...more });
      }),
    );
  }

  /** Kills one gateway with SIGKILL and starts it again. */
  async killOne(): Promise<void> {
    const index = this.kills % this.#settings.length;
    const gateway = this.#gateways[index];
    if (gateway == null) return;
    this.kills += 1;
    this.#gateways[index] = null;
    await gateway[Symbol.asyncDispose]();
    try {
      this.#gateways[index] = await spawnGateway(this.#settings[index] ?? {});
    } catch (error) {
      this.#startFailure = error;
      throw error;
    }
  }

  /** Kills all gateways. */
  async stop(): Promise<void> {
    const running = this.#gateways.splice(0).filter((gateway) => gateway !== null);
    await Promise.all(running.map((gateway) => gateway[Symbol.asyncDispose]()));
  }

  /** Runs an operation, again and again until a gateway answers with data. */
  async ask<T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#retry(async (url) => {
      const { data, errors } = await graphql<T>(url, query, variables);
      if (data == null || errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    });
  }

  /** Fetches a path of a gateway, until one answers. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#retry((url) => fetch(`${url}${path}`, init));
  }

  /** The output of all gateways that run. */
  output(): string {
    return this.#gateways.map((gateway) => gateway?.output() ?? '').join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #retry<T>(work: (url: string) => Promise<T>): Promise<T> {
    const until = Date.now() + TIMEOUT_MS;
    for (;;) {
      const gateway = this.#gateways[(this.#next += 1) % this.#settings.length];
      try {
        if (gateway == null) throw new Error('no gateway is running');
        return await work(gateway.url);
      } catch (error) {
        if (this.#startFailure !== null || Date.now() > until)
          throw new Error(`No gateway answered.\n${String(this.#startFailure)}\n${this.output()}`, {
            cause: error,
          });
        await delay(RETRY_MS);
      }
    }
  }
}
