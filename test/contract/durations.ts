/** The learned durations over the SharedText of each adapter: two instances on one store. */
import { expect, it } from 'vitest';
import { addDuration, type GroupMoments } from '../../src/domain/polling/duration-model.ts';
import { SharedDurations } from '../../src/store/durations.ts';
import type { OpenedTexts } from './shared-text.ts';

const SAMPLES = [50_000, 47_000.5, 61_234, 3, 3_600_000].map((ms) => ({
  mean: Math.log(ms),
  square: Math.log(ms) ** 2 + 0.01,
}));

/** Runs the cases on an adapter. */
export function durationCases(openTexts: () => Promise<OpenedTexts>): void {
  const open = async () => {
    const opened = await openTexts();
    return {
      text: opened.one,
      one: new SharedDurations(opened.one),
      other: new SharedDurations(opened.other),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  };

  it('has learned nothing at first', async () => {
    await using opened = await open();
    expect(await opened.one.read()).toEqual(new Map());
    await opened.one.add([]);
    expect(await opened.one.read()).toEqual(new Map());
  });

  it('adds durations as the model does, and reads what other instances added', async () => {
    await using opened = await open();
    let run: GroupMoments | undefined;
    for (const moments of SAMPLES) {
      run = addDuration(run, moments);
      await opened.one.add([
        { group: 'run', moments },
        { group: 'run 480 * 30', moments },
      ]);
    }
    const stats = await opened.other.read();
    expect([...stats.keys()].toSorted()).toEqual(['run', 'run 480 * 30']);
    for (const key of ['weight', 'sum', 'squares'] as const) {
      expect(stats.get('run')?.[key]).toBeCloseTo(run?.[key] ?? 0, 9);
    }
  });

  it('loses no duration that is added concurrently', async () => {
    await using opened = await open();
    const [moments = { mean: 0, square: 0 }] = SAMPLES;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? opened.one : opened.other).add([{ group: 'run', moments }]),
      ),
    );
    const { weight = 0, sum = 0 } = (await opened.one.read()).get('run') ?? {};
    expect(weight).toBeCloseTo((1 - (1 - 1 / 40) ** 20) * 40, 9);
    expect(sum / weight).toBeCloseTo(moments.mean, 9);
  });

  it('drops unreadable groups, and replaces them when it adds', async () => {
    await using opened = await open();
    await opened.text.replace(
      null,
      '{"run":"of a newer version","queue":[1,null,3],"run 480 * 30":[1e-308,-1e10,1],"run 480 3 30":[2,3,4]}',
    );
    expect(await opened.one.read()).toEqual(new Map([['run 480 3 30', { weight: 2, sum: 3, squares: 4 }]]));
    await opened.one.add([{ group: 'run', moments: { mean: 2, square: 5 } }]);
    expect((await opened.other.read()).get('run')).toEqual({ weight: 1, sum: 2, squares: 5 });
    expect((await opened.other.read()).get('run 480 3 30')?.weight).toBe(2);
  });
}
