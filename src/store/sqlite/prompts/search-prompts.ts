import { setImmediate as endOfTurn } from 'node:timers/promises';
import { type Job, JOB_PHASES } from '../../../domain/job/job.ts';
import { type ListQuery, StoreUnavailableError } from '../../job-store.ts';
import { readJob } from '../database/rows.ts';
import type { Statements } from '../database/statements.ts';
import { idBounds, inOrder, listJobs } from '../list-jobs.ts';
import type { Quarantine } from '../quarantine.ts';
import { entryPrefix, type FinalPhase, periodOf, type PromptIndex, startOfPeriod } from './prompt-index.ts';
import type { PromptStatements } from './prompt-statements.ts';
import { matchesWords, MAX_WORD_LENGTH, type WordQuery, wordQueryOf } from './prompt-words.ts';

/** Unfinished jobs that are read in one turn of the event loop. */
const UNFINISHED_BATCH = 50;
export interface PromptSearchOptions {
  readonly statements: Statements;
  readonly prompts: PromptStatements;
  readonly quarantine: Quarantine;
  readonly index: PromptIndex;
}

/**
 * Lists an owner's jobs whose prompt contains all words of a text, the last one also as the beginning of a word. Unfinished jobs are not in the
 * index: they are read, and there are no more of them than the limits allow. No turn of the event loop is long: each period is searched in
 * its own turn.
 */
export async function searchPrompts(options: PromptSearchOptions, query: ListQuery): Promise<Job[]> {
  const { statements, quarantine, index } = options;
  const words = wordQueryOf(query.prompt ?? '');
  if (words === null) return listJobs(statements, quarantine, query);
  // In this order: a job that ends meanwhile is found at least once.
  const unfinished = await findUnfinished(options, query, words);
  await index.catchUp();
  const found = new Map(unfinished.map((job) => [job.id, job]));
  for (const phase of FINAL) {
    if (query.phases?.includes(phase) ?? true) {
      for (const job of await findFinal(options, query, phase, words)) found.set(job.id, job);
    }
  }
  const ids = inOrder([...found.keys()], query.ascending).slice(0, query.limit);
  assertComplete(index.filledFrom, ids, query);
  return ids.map((id) => found.get(id)).filter((job) => job !== undefined);
}

const FINAL: readonly FinalPhase[] = ['completed', 'failed'];

/** @throws StoreUnavailableError when older jobs that are not in the index yet may belong to the page */
function assertComplete(filledFrom: string | null, ids: readonly string[], query: ListQuery): void {
  if (filledFrom === null || (query.newerThan !== null && query.newerThan >= filledFrom)) return;
  const last = ids.at(-1);
  if (!query.ascending && ids.length === query.limit && (last ?? filledFrom) >= filledFrom) return;
  const finals = query.phases === null || FINAL.some((phase) => query.phases?.includes(phase));
  if (!finals) return;
  const shown =
    'The prompts of older jobs are being indexed after the update of the gateway. Try again in a few minutes, or search only newer jobs.';
  throw new StoreUnavailableError(shown, { shown });
}

async function findUnfinished(
  { statements, quarantine }: PromptSearchOptions,
  query: ListQuery,
  words: WordQuery,
): Promise<Job[]> {
  const phases = JOB_PHASES.filter((phase) => phase !== 'completed' && phase !== 'failed').filter(
    (phase) => query.phases?.includes(phase) ?? true,
  );
  const found: Job[] = [];
  let page: ListQuery = { ...query, phases, limit: UNFINISHED_BATCH };
  for (;;) {
    const jobs = listJobs(statements, quarantine, page);
    found.push(...jobs.filter(({ request }) => matchesWords(request.prompt, words)));
    const last = jobs.at(-1);
    if (last === undefined || jobs.length < UNFINISHED_BATCH || found.length >= query.limit) return found;
    page = query.ascending ? { ...page, newerThan: last.id } : { ...page, olderThan: last.id };
    await endOfTurn();
  }
}

/** Searches the periods in which the owner has jobs, one after the other, until there are enough jobs. */
async function findFinal(
  { statements, prompts, quarantine }: PromptSearchOptions,
  query: ListQuery,
  phase: FinalPhase,
  words: WordQuery,
): Promise<Job[]> {
  const { ascending, limit, ownerId: owner } = query;
  const nextId = ascending ? prompts.firstId : prompts.lastId;
  const found: Job[] = [];
  let bounds = idBounds(query);
  while (found.length < limit) {
    const next = nextId.get({ ...bounds, owner, phase })?.['id'];
    if (next === undefined) return found;
    const period = periodOf(String(next));
    const match = matchOf(entryPrefix(owner, phase, period), words);
    const wanted = limit - found.length;
    const ids = findIds(prompts, match, { ...bounds, ascending, limit: wanted });
    const select = () =>
      ids.map((id) => statements.getReadableJob.get(id)).filter((row) => row !== undefined);
    const jobs = quarantine.readAll(select, readJob);
    found.push(...jobs.filter((job) => job.ownerId === owner && job.phase === phase));
    // As many jobs as wanted: the period may have more of them.
    const last = ids.length === wanted ? ids.at(-1) : undefined;
    bounds = ascending
      ? { ...bounds, newer: last ?? startOfPeriod(period + 1) }
      : { ...bounds, older: last ?? startOfPeriod(period) };
    await endOfTurn();
  }
  return found;
}

interface Page {
  /** Ids are smaller. */
  readonly older: string;
  /** Ids are greater. */
  readonly newer: string;
  readonly ascending: boolean;
  readonly limit: number;
}

function findIds(
  prompts: PromptStatements,
  match: string,
  { older, newer, ascending, limit }: Page,
): string[] {
  const max = prompts.keyBelow.get({ id: older })?.['key'];
  const min = prompts.keyAbove.get({ id: newer })?.['key'];
  if (max === undefined || min === undefined) return [];
  const statement = ascending ? prompts.searchAscending : prompts.searchDescending;
  return statement.all({ match, min, max, limit }).map(({ job_id: id }) => String(id));
}

/** The query of the index. All words consist of letters and digits, so none can be an operator. */
function matchOf(entry: string, { words, prefix }: WordQuery): string {
  const whole = words.map((word) => `"${entry}${word}"`);
  // A word of the full length may be the beginning of a longer one already.
  const isCut = Array.from(prefix).length >= MAX_WORD_LENGTH;
  return [...whole, `"${entry}${prefix}"${isCut ? '' : ' *'}`].join(' AND ');
}
