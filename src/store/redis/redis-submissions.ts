import { type AdoptOutcome, SUBMISSION_MEMORY_MS, type Submissions } from '../submissions.ts';
import { keys } from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/**
 * Maps upstream requests to jobs, in keys that expire. Scripts use the time of the server, so the clocks of the instances may differ. While
 * a key has the wrong type, no request with these inputs is adopted.
 */
export class RedisSubmissions implements Submissions {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;

  /** @param client owned by the caller */
  constructor(client: RedisClient, quarantine: Quarantine) {
    this.#client = client;
    this.#quarantine = quarantine;
  }

  begin(fingerprint: string, jobId: string): Promise<void> {
    const posts = keys.postsInFlight(fingerprint);
    return attempt(async () => {
      await this.#quarantine.tolerate({ [posts]: 'zset' }, null, () =>
        runScript(this.#client, 'reelgateBeginPost', [posts], [jobId, SUBMISSION_MEMORY_MS]),
      );
    });
  }

  end(fingerprint: string, jobId: string, upstreamId: string | null): Promise<void> {
    const names = [keys.postsInFlight(fingerprint), keys.upstreamRequest(fingerprint, upstreamId ?? '')];
    const values = [jobId, upstreamId === null ? '0' : '1', SUBMISSION_MEMORY_MS];
    return attempt(async () => {
      await runScript(this.#client, 'reelgateEndPost', names, values);
    });
  }

  adopt(fingerprint: string, jobId: string, upstreamId: string): Promise<AdoptOutcome> {
    const [posts, request] = [keys.postsInFlight(fingerprint), keys.upstreamRequest(fingerprint, upstreamId)];
    return attempt(async () => {
      const answer = await this.#quarantine.tolerate(
        { [posts]: 'zset', [request]: 'string' },
        'in-flight',
        () => runScript(this.#client, 'reelgateAdopt', [posts, request], [jobId, SUBMISSION_MEMORY_MS]),
      );
      if (answer === 'adopted' || answer === 'taken' || answer === 'in-flight') return answer;
      throw new Error(`The adopt script returned an unknown result: ${String(answer)}.`);
    });
  }
}
