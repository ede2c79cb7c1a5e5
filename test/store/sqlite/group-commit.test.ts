import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as macrotask } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { GroupCommit } from '../../../src/store/sqlite/database/group-commit.ts';
import { tempFolder } from '../../support/temp-folder.ts';

describe('a group commit', () => {
  let harness: Harness;
  beforeEach(() => {
    harness = new Harness();
    return () => harness[Symbol.dispose]();
  });

  it('writes each piece to the disk at the end of the turn, before its promise resolves', async () => {
    const first = harness.insert('a');
    const second = harness.insert('b');
    await Promise.resolve();
    expect(harness.stored()).toEqual([]);
    expect(await first).toBe('a');
    expect(harness.stored()).toEqual(['a', 'b']);
    expect(await second).toBe('b');
  });

  it('uses one transaction for each turn', async () => {
    const before = harness.commitCount();
    const inserts = ['a', 'b', 'c'].map((name) => harness.insert(name));
    // Microtasks belong to the turn as well.
    inserts.push(Promise.resolve().then(() => harness.insert('d')));
    await Promise.all(inserts);
    expect(harness.stored()).toEqual(['a', 'b', 'c', 'd']);
    expect(harness.commitCount()).toBe(before + 1);
    await harness.insert('e');
    expect(harness.commitCount()).toBe(before + 2);
  });

  it('runs, reports and resolves pieces in order', async () => {
    const names = ['c', 'a', 'b'];
    const resolved: string[] = [];
    const insert = async (name: string) => resolved.push(await harness.insert(name));
    await Promise.all(names.map(insert));
    expect(harness.stored()).toEqual(names);
    expect(harness.reported).toEqual(names);
    expect(resolved).toEqual(names);
  });

  it('shows a piece the changes of earlier pieces', async () => {
    const insert = harness.insert('a');
    const count = harness.commits.run(() => harness.count());
    expect(await count).toBe(1);
    await insert;
  });

  it('reports all pieces before any caller continues', async () => {
    const seen = harness.insert('a').then(() => [...harness.reported]);
    await harness.insert('b');
    expect(await seen).toEqual(['a', 'b']);
  });

  it('rolls back a piece that fails half way, and no other', async () => {
    const fault = new Error('half way');
    const outcomes = await Promise.allSettled([
      harness.insert('a'),
      harness.commits.run(
        () => {
          harness.add('half');
          throw fault;
        },
        () => harness.reported.push('half'),
      ),
      harness.insert('b'),
    ]);
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: fault },
      { status: 'fulfilled', value: 'b' },
    ]);
    expect(harness.stored()).toEqual(['a', 'b']);
    expect(harness.reported).toEqual(['a', 'b']);
  });

  it('rejects a single piece that fails', async () => {
    const fault = new Error('alone');
    const failing = harness.commits.run(() => {
      harness.add('half');
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect(harness.stored()).toEqual([]);
    expect(await harness.insert('a')).toBe('a');
  });

  it('does not affect other pieces when a report of one throws', async () => {
    const fault = new Error('report');
    const failing = harness.commits.run(
      () => harness.add('a'),
      () => {
        throw fault;
      },
    );
    const insert = harness.insert('b');
    await expect(failing).rejects.toBe(fault);
    expect(await insert).toBe('b');
    expect(harness.stored()).toEqual(['a', 'b']);
  });

  it('rejects all pieces when the commit fails, reports none, and works again afterwards', async () => {
    const outcomes = await Promise.allSettled([
      harness.insert('a'),
      // SQLite checks this constraint at the commit.
      harness.commits.run(() => harness.database.exec("INSERT INTO children (parent) VALUES ('missing')")),
      harness.insert('b'),
    ]);
    const rejected = { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_SQLITE_ERROR' }) };
    expect(outcomes).toEqual([rejected, rejected, rejected]);
    expect(harness.reported).toEqual([]);
    expect(harness.stored()).toEqual([]);
    expect(await harness.insert('c')).toBe('c');
  });

  it('rejects all pieces when another process is writing for too long', async () => {
    harness.other.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled([harness.insert('a'), harness.insert('b')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    harness.other.exec('ROLLBACK');
    expect(await harness.insert('c')).toBe('c');
    expect(harness.stored()).toEqual(['c']);
  });

  it('commits at once when the queue is full, and the rest at the end of the turn', async () => {
    const names = Array.from({ length: 300 }, (_, index) => String(index));
    const inserts = names.map((name) => harness.insert(name));
    expect(harness.stored()).toEqual(names.slice(0, 256));
    await Promise.all(inserts);
    expect(harness.stored()).toEqual(names);
    expect(harness.reported).toEqual(names);
  });

  it('commits the queue once on flush', async () => {
    const insert = harness.insert('a');
    harness.commits.flush();
    expect(harness.stored()).toEqual(['a']);
    expect(await insert).toBe('a');
    await macrotask();
    expect(harness.stored()).toEqual(['a']);
  });

  it('rejects work after the database is closed, and leaves nothing pending', async () => {
    const insert = harness.insert('a');
    harness.database.close();
    await expect(insert).rejects.toThrow('not open');
    await expect(harness.insert('b')).rejects.toThrow('not open');
  });
});

/** A database on the disk, and another connection that sees only committed changes. */
class Harness implements Disposable {
  readonly reported: string[] = [];
  readonly database: DatabaseSync;
  readonly other: DatabaseSync;
  readonly commits: GroupCommit;
  readonly #folder = tempFolder();
  readonly #file = join(this.#folder.path, 'test.sqlite');

  constructor() {
    this.database = new DatabaseSync(this.#file, { timeout: 0 });
    this.database.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE names (name TEXT PRIMARY KEY);
      CREATE TABLE children (parent TEXT REFERENCES names DEFERRABLE INITIALLY DEFERRED)`);
    this.other = new DatabaseSync(this.#file);
    this.commits = new GroupCommit(this.database);
  }

  insert(name: string): Promise<string> {
    return this.commits.run(
      () => {
        this.add(name);
        return name;
      },
      (done) => this.reported.push(done),
    );
  }

  add(name: string): void {
    this.database.prepare('INSERT INTO names (name) VALUES (?)').run(name);
  }

  count(): unknown {
    return this.database.prepare('SELECT count(*) AS count FROM names').get()?.['count'];
  }

  stored(): unknown[] {
    return this.other
      .prepare('SELECT name FROM names ORDER BY rowid')
      .all()
      .map(({ name }) => name);
  }

  /** The number of transactions in the log: the last frame of each contains the size of the database. */
  commitCount(): number {
    const log = readFileSync(`${this.#file}-wal`);
    let count = 0;
    for (let frame = 32; frame < log.length; frame += 24 + 4096) {
      if (log.readUInt32BE(frame + 4) > 0) count += 1;
    }
    return count;
  }

  [Symbol.dispose](): void {
    if (this.database.isOpen) this.database.close();
    this.other.close();
    this.#folder[Symbol.dispose]();
  }
}
