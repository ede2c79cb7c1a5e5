import { Duplex } from 'node:stream';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import type { Caller } from '../../src/domain/caller.ts';
import type { Job } from '../../src/domain/job.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { QuietFeed } from '../../src/server/quiet-feed.ts';
import { SharedPayloads } from '../../src/server/shared-payloads.ts';
import { WsFeed } from '../../src/server/ws-feed.ts';
import { PushIterator } from '../../src/watching/push-iterator.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob } from '../support/jobs.ts';
import { outletTo } from '../support/ws-outlet.ts';

class OneJob extends PushIterator<Job> {
  #job: Job | undefined;

  give(job: Job): void {
    this.#job = job;
    this.ready();
  }

  protected override take(): Job | undefined {
    const job = this.#job;
    this.#job = undefined;
    return job;
  }
}

const TEXT = 'subscription { videoJobsUpdated { id } }';

describe('a feed with an event of which no message can be made', () => {
  test.each([
    { which: 'one of many', isLast: false },
    { which: 'its last', isLast: true },
  ])('ends with the reason, masked and logged: $which', async ({ isLast }) => {
    const logged: object[] = [];
    const payloads = new SharedPayloads({
      createContext: () => {
        throw new Error('a secret');
      },
      clock: new FakeClock(),
      log: { error: (details) => logged.push(details) },
    });
    const args = { schema: createSchema({ federation: true, model: WAN_MODEL }), document: parse(TEXT) };
    const caller: Caller = { ownerId: 'ada', scopes: new Set(['video:read']), jobId: null, expiresAt: null };
    const audience = payloads.join(TEXT, args, caller, '');
    const feed = new OneJob();
    const quiet = new QuietFeed(feed);
    using opened = await outletTo(new Duplex());
    const session = { closeIfExpired: () => {} };
    feed.give(acceptedJob());
    if (isLast) feed.end();
    feed.pipe(new WsFeed({ id: '1', quiet, audience, payloads, outlet: opened.outlet, session }));
    await expect(quiet.next()).rejects.toThrow('Unexpected error.');
    expect(logged).toEqual([{ err: new Error('a secret') }]);
    expect(audience.size).toBe(0);
    expect(await feed.next()).toEqual({ done: true, value: undefined });
  });
});
