import { test } from 'vitest';
import { simulateDay } from '../../support/archive/day.ts';
import { type DayStore, openDay } from '../../support/archive/open-day.ts';

const STORES: readonly DayStore[] = ['embedded store and folder', 'Redis and S3'];
const VIDEOS = 24;

test.concurrent.for(STORES)(
  'every completed video plays from its URL after the upstream forgot it, and nothing is left of deleted jobs, although gateways are killed and the archive fails (%s)',
  { timeout: 320_000 },
  async (store, { expect }) => {
    await using day = await openDay(store, { isRealDisk: false });
    const result = await simulateDay({
      ...day.options,
      videos: VIDEOS,
      killEveryMs: 2500,
      play: () => true,
      progress: () => {},
    });
    expect(result).toMatchObject({
      missing: 0,
      different: 0,
      notPlaying: 0,
      opened: 0,
      undeleted: 0,
      orphans: 0,
      afterRetention: 0,
    });
    expect(result.kills).toBeGreaterThan(0);
    expect(result.completed).toBeGreaterThan(VIDEOS / 6);
  },
);
