import { describe, expect, it } from 'vitest';
import { runSamples } from '../../src/domain/polling/duration-model.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import { SharedDurations } from '../../src/store/durations.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { TYPICAL_MS, UNLEARNED } from '../support/durations.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { videoRequest } from '../support/jobs.ts';
import { SECOND } from '../support/times.ts';

const REQUEST = videoRequest();
const TEN_SECONDS = runSamples(UNLEARNED, REQUEST, { low: 10 * SECOND, high: 10 * SECOND }, null);

function open() {
  const clock = new FakeClock();
  const { store, ...opened } = openSqlite({ now: clock.now });
  const durations = new SharedDurations(new SqliteSharedText(store.database, store.commits, 'durations'));
  let reads = 0;
  const counted = {
    read: () => {
      reads += 1;
      return durations.read();
    },
    add: durations.add.bind(durations),
  };
  const learner = (upstream = 'https://api.example.com') =>
    new LearnedDurations({ store: counted, clock, upstream, typicalMs: TYPICAL_MS });
  return {
    clock,
    learner,
    reads: () => reads,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

describe('learned durations', () => {
  it('apply at once on the instance that learned them, and within seconds on the others', async () => {
    await using opened = open();
    const [one, other] = [opened.learner(), opened.learner()];
    await other.refresh();
    for (let job = 0; job < 10; job += 1) await one.learn(TEN_SECONDS);
    expect(one.expected(REQUEST).run.median).toBeLessThan(12 * SECOND);
    await other.refresh();
    expect(other.expected(REQUEST)).toEqual(UNLEARNED);
    await opened.clock.advance(5 * SECOND);
    await other.refresh();
    expect(other.expected(REQUEST)).toEqual(one.expected(REQUEST));
  });

  it('are read at most every five seconds, and again after a failed read', async () => {
    await using opened = open();
    const durations = opened.learner();
    for (let read = 0; read < 20; read += 1) await durations.refresh();
    expect(opened.reads()).toBe(1);
    await opened.clock.advance(5 * SECOND);
    await opened[Symbol.asyncDispose]();
    await expect(durations.refresh()).rejects.toThrow('store failed');
    await expect(durations.refresh()).rejects.toThrow('store failed');
    expect(durations.expected(REQUEST)).toEqual(UNLEARNED);
  });

  it('do not apply to another upstream', async () => {
    await using opened = open();
    await opened.learner('sandbox*1').learn(TEN_SECONDS);
    const real = opened.learner();
    await real.refresh();
    expect(real.expected(REQUEST)).toEqual(UNLEARNED);
  });
});
