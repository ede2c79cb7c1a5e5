import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isRecord, shorten } from '../transports/deliveries.ts';
import { POST_JSON } from '../transports/json.ts';
import type { Endpoint } from '../transports/transport.ts';

/** Milliseconds between two reads of an unfinished job. */
const READ_AGAIN_MS = 200;

/** The input of the job that a run shares: short and small, because it may be paid for. Its prompt has characters that a transport may damage. */
const INPUT = {
  image:
    'https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png',
  prompt: 'The “camera” moves slowly\ntowards the door \u{1F6AA}\u2028and stops',
  resolution: 'R360',
  videoLength: 1,
  steps: 10,
};

/** A job as it was read last. */
export interface SharedJob {
  readonly id: string;
  readonly version: number;
  readonly isTerminal: boolean;
}

/** Creates and reads the jobs that the cases of one run share. */
export class SharedJobs {
  readonly #endpoint: Endpoint;
  readonly #operations: ReadonlyMap<string, string>;
  /** The input of the shared job. The key is new in each run. */
  readonly input: typeof INPUT & { readonly idempotencyKey: string };

  constructor(endpoint: Endpoint, operations: ReadonlyMap<string, string>) {
    this.#endpoint = endpoint;
    this.#operations = operations;
    this.input = { ...INPUT, idempotencyKey: randomUUID() };
  }

  /** Creates a job. @throws Error when it is not accepted */
  async create(input: object): Promise<SharedJob> {
    const { generateVideo } = await this.#ask('Generate', { input });
    const job = isRecord(generateVideo) ? generateVideo['job'] : undefined;
    if (!isJob(job)) throw new Error(`The job was not accepted: ${shorten(generateVideo)}`);
    return job;
  }

  /** Reads a job until it is terminal. */
  async finish({ id }: SharedJob): Promise<SharedJob> {
    for (;;) {
      const { videoJob } = await this.#ask('Job', { id });
      if (!isJob(videoJob)) throw new Error(`The job ${id} cannot be read: ${shorten(videoJob)}`);
      if (videoJob.isTerminal) return videoJob;
      await delay(READ_AGAIN_MS, undefined, { signal: this.#endpoint.signal });
    }
  }

  async #ask(operation: string, variables: Readonly<Record<string, unknown>>) {
    await using connection = POST_JSON.connect(this.#endpoint);
    const query = this.#operations.get(operation) ?? '';
    const stream = await connection.open({ query, variables });
    const delivery = await stream.next();
    const { data, errors } = 'result' in delivery ? delivery.result : { data: null, errors: [] };
    if (isRecord(data) && errors.length === 0) return data;
    throw new Error(`${operation} failed: ${shorten(delivery)}`);
  }
}

function isJob(value: unknown): value is SharedJob {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['version'] === 'number';
}
