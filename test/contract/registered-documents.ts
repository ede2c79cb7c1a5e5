/** The contract of the RegisteredDocuments port. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  type DocumentRoom,
  registeredBytes,
  type RegisteredDocuments,
} from '../../src/store/registered-documents.ts';

/** An empty store. */
export interface OpenedDocuments extends AsyncDisposable {
  /** Another instance on the store, which remembers nothing of what others did. */
  readonly instance: () => RegisteredDocuments;
}

/** Room for three documents of an owner, and for six of all owners. */
export const SMALL_ROOM: DocumentRoom = { perOwner: 3 * 1024, all: 6 * 1024 };

/** A document of one kibibyte. */
export function documentOf(name: string, ownerId = 'one') {
  const text = `query ${name} { __typename }`.padEnd(1024 - registeredBytes(''), '#');
  return { hash: hashOf(text), text, ownerId };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The names of the registered documents among these. */
export async function registered({ instance }: OpenedDocuments, names: readonly string[]): Promise<string[]> {
  const documents = instance();
  const texts = await Promise.all(names.map(async (name) => documents.find(documentOf(name).hash)));
  return names.filter((_, index) => texts[index] !== null);
}

/** Runs the cases on an adapter. */
export function registeredDocumentsCases(open: (room: DocumentRoom) => Promise<OpenedDocuments>): void {
  it('are found by all instances', async () => {
    await using opened = await open(SMALL_ROOM);
    const text = 'query { videoJob(id: "猫 — \\n") { id } }';
    expect(await opened.instance().find(hashOf(text))).toBeNull();
    await opened.instance().add({ hash: hashOf(text), text, ownerId: 'a: b' });
    for (let time = 0; time < 2; time += 1) expect(await opened.instance().find(hashOf(text))).toBe(text);
    expect(await opened.instance().find(hashOf(`${text} `))).toBeNull();
  });

  it("replace the owner's own, those that were not used for longest first", async () => {
    await using opened = await open(SMALL_ROOM);
    await opened.instance().add(documentOf('other', 'another'));
    for (const name of ['a', 'b', 'c']) await opened.instance().add(documentOf(name));
    await opened.instance().find(documentOf('a').hash);
    await opened.instance().add(documentOf('b', 'another'));
    await opened.instance().add(documentOf('d'));
    expect(await registered(opened, ['other', 'a', 'b', 'c', 'd'])).toEqual(['other', 'a', 'b', 'd']);
    await opened.instance().add(documentOf('e'));
    expect(await registered(opened, ['other', 'a', 'b', 'd', 'e'])).toHaveLength(4);
  });

  it('replace those of all owners that were not used for longest', async () => {
    await using opened = await open(SMALL_ROOM);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) await opened.instance().add(documentOf(name, `owner ${name}`));
    await opened.instance().find(documentOf('a').hash);
    for (const name of ['g', 'h']) await opened.instance().add(documentOf(name, `owner ${name}`));
    expect(await registered(opened, [...names, 'g', 'h'])).toEqual(['a', 'd', 'e', 'f', 'g', 'h']);
  });

  it('of one owner never displace those of others, and stay within its room', async () => {
    await using opened = await open(SMALL_ROOM);
    for (const name of ['x', 'y', 'z']) await opened.instance().add(documentOf(name, 'another'));
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    for (const name of names) await opened.instance().add(documentOf(name));
    expect(await registered(opened, ['x', 'y', 'z', ...names])).toEqual(['x', 'y', 'z', 'n97', 'n98', 'n99']);
  });

  it('that exceed the room of an owner are not registered, and displace nothing', async () => {
    await using opened = await open(SMALL_ROOM);
    for (const name of ['a', 'b', 'c']) await opened.instance().add(documentOf(name));
    const text = '#'.repeat(SMALL_ROOM.perOwner);
    await opened.instance().add({ hash: hashOf(text), text, ownerId: 'one' });
    expect(await opened.instance().find(hashOf(text))).toBeNull();
    expect(await registered(opened, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
  });
}
