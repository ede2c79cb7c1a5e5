/** The contract of the SharedText port. */
import { expect, it } from 'vitest';
import type { SharedText } from '../../src/store/shared-text.ts';

/** Two instances on one empty store. */
export interface OpenedTexts extends AsyncDisposable {
  readonly one: SharedText;
  readonly other: SharedText;
}

/** Runs the cases on an adapter. */
export function sharedTextCases(open: () => Promise<OpenedTexts>): void {
  it('is absent at first', async () => {
    await using opened = await open();
    expect(await opened.one.read()).toBeNull();
    expect(await opened.other.read()).toBeNull();
  });

  it('is replaced for all instances when the expected text is right', async () => {
    await using opened = await open();
    const { one, other } = opened;
    expect(await one.replace(null, 'first')).toBe(true);
    expect(await other.read()).toBe('first');
    expect(await other.replace('first', 'second')).toBe(true);
    expect(await one.read()).toBe('second');
  });

  it('is not replaced when the expected text is wrong', async () => {
    await using opened = await open();
    const { one, other } = opened;
    expect(await one.replace('something', 'first')).toBe(false);
    expect(await one.read()).toBeNull();
    expect(await one.replace(null, 'first')).toBe(true);
    expect(await other.replace(null, 'second')).toBe(false);
    expect(await other.replace('', 'second')).toBe(false);
    expect(await other.replace('First', 'second')).toBe(false);
    expect(await one.read()).toBe('first');
  });

  it('is replaced by one of many concurrent calls', async () => {
    await using opened = await open();
    for (const before of [null, 'text 0']) {
      const replaced = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? opened.one : opened.other).replace(before, `text ${before === null ? 0 : i + 1}`),
        ),
      );
      expect(replaced.filter(Boolean)).toHaveLength(1);
      const winner = before === null ? 0 : replaced.indexOf(true) + 1;
      expect(await opened.one.read()).toBe(`text ${winner}`);
      expect(await opened.other.read()).toBe(`text ${winner}`);
    }
  });

  it('holds any text', async () => {
    await using opened = await open();
    const text = `{"a":"“cat” — 猫\\n'); DROP TABLE jobs; --","b":${'9'.repeat(5000)}}`;
    expect(await opened.one.replace(null, text)).toBe(true);
    expect(await opened.other.read()).toBe(text);
    expect(await opened.other.replace(text, '')).toBe(true);
    expect(await opened.one.read()).toBe('');
    expect(await opened.one.replace('', 'x')).toBe(true);
  });
}
