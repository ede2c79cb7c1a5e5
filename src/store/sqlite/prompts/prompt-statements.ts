import type { DatabaseSync } from 'node:sqlite';
import { JOB_COLUMNS } from '../database/rows.ts';

/** The statements of the full-text index, prepared once. */
export type PromptStatements = ReturnType<typeof preparePromptStatements>;

/** Prepares the statements on a migrated database. */
export function preparePromptStatements(database: DatabaseSync) {
  return {
    pending: database.prepare(`
      SELECT job_id, ${JOB_COLUMNS} FROM (SELECT job_id FROM prompts_pending ORDER BY job_id LIMIT :limit)
      LEFT JOIN jobs ON jobs.id = job_id AND hidden = 0`),
    endPending: database.prepare('DELETE FROM prompts_pending WHERE job_id = :id'),
    filledFrom: database.prepare('SELECT job_id FROM prompts_filled_from'),
    unfilled: database.prepare(`
      SELECT id AS job_id, ${JOB_COLUMNS} FROM jobs
      WHERE id < :below AND hidden = 0 AND phase IN ('completed', 'failed') ORDER BY id DESC LIMIT :limit`),
    setFilledFrom: database.prepare('UPDATE prompts_filled_from SET job_id = :id'),
    endFill: database.prepare('DELETE FROM prompts_filled_from'),

    getKey: database.prepare('SELECT key FROM prompt_keys WHERE job_id = :id'),
    keyBelow: database.prepare('SELECT key FROM prompt_keys WHERE job_id < :id ORDER BY job_id DESC LIMIT 1'),
    keyAbove: database.prepare('SELECT key FROM prompt_keys WHERE job_id > :id ORDER BY job_id LIMIT 1'),
    getJob: database.prepare(
      `SELECT job_id, ${JOB_COLUMNS} FROM prompt_keys JOIN jobs ON id = job_id WHERE key = :key`,
    ),
    putKey: database.prepare('INSERT INTO prompt_keys (key, job_id) VALUES (:key, :id)'),
    moveKey: database.prepare('UPDATE prompt_keys SET key = key + 1 WHERE key = :key'),
    put: database.prepare('INSERT INTO prompts (rowid, words) VALUES (:key, :entries)'),
    merge: database.prepare("INSERT INTO prompts (prompts, rank) VALUES ('merge', :pages)"),
    totalChanges: database.prepare('SELECT total_changes() AS count'),

    searchAscending: database.prepare(search('ASC')),
    searchDescending: database.prepare(search('DESC')),
    firstId: database.prepare(firstId('ASC')),
    lastId: database.prepare(firstId('DESC')),
  };
}

function search(order: 'ASC' | 'DESC'): string {
  return `
    SELECT job_id FROM prompts CROSS JOIN prompt_keys ON key = prompts.rowid
    WHERE prompts MATCH :match AND prompts.rowid >= :min AND prompts.rowid <= :max
    ORDER BY prompts.rowid ${order} LIMIT :limit`;
}

/** Selects the first of an owner's jobs within bounds. */
function firstId(order: 'ASC' | 'DESC'): string {
  return `
    SELECT id FROM jobs
    WHERE hidden = 0 AND owner_id = :owner AND phase = :phase AND id < :older AND id > :newer
    ORDER BY id ${order} LIMIT 1`;
}
