import { setTimeout as delay } from 'node:timers/promises';
import { answerOf, postBody } from '../../test/support/gateway/http.ts';
import type { SeenJob } from '../../test/support/gateway/spawned-gateway.ts';

/** A gateway that gets jobs. */
export interface Target {
  readonly url: string;
  /** The token of its callers; null: none. */
  readonly token: string | null;
  /** Fields of each input. */
  readonly input: Readonly<Record<string, unknown>>;
}

interface Accepted {
  readonly id: string;
  readonly target: Target;
}

const GENERATE = `mutation ($input: GenerateVideoInput!) {
  generateVideo(input: $input) { __typename ... on GenerateVideoSuccess { job { id } } ... on GenerateVideoError { message } }
}`;
const STATUS = 'query ($id: ID!) { videoJob(id: $id) { status failure { code } } }';
const TIMEOUT_MS = 10_000;

/** Creates jobs at a steady pace until it is stopped, and knows how all of them ended. */
export class Load {
  /** Requests that were refused or had no answer. */
  refused = 0;
  /** Jobs that a fault removes or spoils on purpose. */
  readonly spoiled = new Set<string>();
  readonly #accepted: Accepted[] = [];
  readonly #stopping = new Map<Target, AbortController>();
  #running: Promise<unknown> = Promise.resolve();

  get accepted(): number {
    return this.#accepted.length;
  }

  start(targets: readonly Target[], everyMs: number): void {
    this.#running = Promise.all(targets.map((target) => this.#run(target, everyMs)));
  }

  /** Ends the load of one target. */
  stop(target: Target): void {
    this.#stopping.get(target)?.abort();
  }

  /** Ends the load of all targets, and waits for the requests in progress. */
  async stopAll(): Promise<void> {
    for (const stopping of this.#stopping.values()) stopping.abort();
    await this.#running;
  }

  /** Creates a job. @throws Error when it is not accepted */
  async submit(target: Target, prompt: string): Promise<string> {
    const { data, errors } = await ask<{ generateVideo: { job?: { id: string } } }>(target, GENERATE, {
      input: { prompt, resolution: 'R360', videoLength: 1, ...target.input },
    });
    const id = data?.generateVideo?.job?.id;
    if (id === undefined) throw new Error(`Not accepted: ${JSON.stringify({ data, errors })}`);
    this.#accepted.push({ id, target });
    return id;
  }

  /** Creates jobs at the same time; those that are not accepted are counted. */
  async submitMany(target: Target, count: number, prompt: string): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#try(target, prompt)));
  }

  /** Reads all jobs. @returns the number of jobs by their end; `null` are those that cannot be found */
  async ends(target?: Target): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const job of this.#accepted) {
      if (target !== undefined && job.target !== target) continue;
      const seen = await statusOf(job);
      const end = this.spoiled.has(job.id) ? 'spoiled' : nameOf(seen);
      counts.set(end, (counts.get(end) ?? 0) + 1);
    }
    return counts;
  }

  async #run(target: Target, everyMs: number): Promise<void> {
    const stopping = new AbortController();
    this.#stopping.set(target, stopping);
    while (!stopping.signal.aborted) {
      await this.#try(target, 'a cat jumps');
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  async #try(target: Target, prompt: string): Promise<void> {
    try {
      await this.submit(target, prompt);
    } catch {
      this.refused += 1;
    }
  }
}

/** Runs an operation; rejects when there is no answer of GraphQL in time. */
export async function ask<T>(target: Target, query: string, variables: Readonly<Record<string, unknown>>) {
  const headers: Record<string, string> =
    target.token === null ? {} : { authorization: `Bearer ${target.token}` };
  const answer = postBody(target.url, JSON.stringify({ query, variables }), headers);
  const timeout = delay(TIMEOUT_MS, null, { ref: false });
  const first = await Promise.race([answer, timeout]);
  if (first === null) throw new Error('There was no answer in time.');
  return answerOf<T>(first.text);
}

type Status = Pick<SeenJob, 'status' | 'failure'>;

async function statusOf({ id, target }: Accepted): Promise<Status | null> {
  const { data, errors } = await ask<{ videoJob: Status | null }>(target, STATUS, { id });
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data?.videoJob ?? null;
}

function nameOf(job: Status | null): string {
  if (job === null) return 'null';
  return job.failure?.code ?? job.status;
}

/** The ends of jobs that are none. */
export const UNFINISHED = ['null', 'QUEUED', 'PROCESSING'];
