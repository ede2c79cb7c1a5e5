import type { JobIn } from '../domain/job/job.ts';
import type { HistorySearch, PollNotes } from '../domain/job/poll-notes.ts';
import { adoptRequest } from './commit.ts';
import {
  callOptions,
  expectedOf,
  type Finding,
  FIRST_SEARCH_MS,
  type Leased,
  type StepDependencies,
} from './step.ts';

/** Milliseconds from the lost answer to each search in the history, where a request may appear late. */
const SEARCHES_MS = [FIRST_SEARCH_MS, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];
/** Milliseconds after the last search until which a history that does not answer is asked again. */
const PATIENCE_MS = 120_000;
/** Maximum error of the upstream's times in milliseconds, after the correction by the Date of its answers. */
const CLOCK_MARGIN_MS = 10_000;
/** Milliseconds to wait for the answer to another job's submission with equal inputs. */
const IN_FLIGHT_PAUSE_MS = 3000;
/** Milliseconds for which a poller that lost its lease during the POST may still return with the answer. */
const LATE_ANSWER_MS = 30_000;
/** Rejected ids that one search remembers at most. */
const MAX_REJECTED = 50;
/** Pages of one search at most, in case the history ignores the page number. */
const MAX_READS = 40;

/**
 * Searches the request history for the request of a job whose answer was lost: one with equal inputs, created around the time of
 * the POST, that no other job here has. The list also has requests of teammates, and the lookup by id refuses those, so each
 * match is looked up before it counts. Makes one call.
 */
export async function settleJob(
  leased: Leased<'settling'>,
  dependencies: StepDependencies,
): Promise<Finding> {
  if (!dependencies.upstream.hasHistory) return giveUp(leased, 'There is no request history.', dependencies);
  const { candidateId } = leased.notes;
  return candidateId === undefined
    ? searchHistory(leased, dependencies)
    : confirmCandidate(leased, candidateId, dependencies);
}

async function searchHistory(leased: Leased<'settling'>, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { historySearch: search = NEW_SEARCH, rejectedIds = [] } = notes;
  const query = {
    request: job.request,
    from: job.sentAt - CLOCK_MARGIN_MS,
    // A job whose poller crashed may reach this phase long after its POST.
    to: Math.min(job.updatedAt, job.sentAt + dependencies.callTimeoutMs) + CLOCK_MARGIN_MS,
    page: search.page,
  };
  const outcome = await dependencies.upstream.findInHistory(query, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'unusable':
      return giveUp(leased, `${outcome.reason}.`, dependencies);
    case 'inconclusive':
      return retryLater(leased, outcome.reason, dependencies);
    case 'page': {
      const candidate = outcome.entries.find(({ upstreamId }) => !rejectedIds.includes(upstreamId));
      if (candidate !== undefined) return continueWith({ ...notes, candidateId: candidate.upstreamId });
      const next = nextRead(search, outcome, query.to);
      return next === null
        ? endSearch(leased, dependencies)
        : continueWith({ ...notes, historySearch: next });
    }
  }
}

async function confirmCandidate(
  leased: Leased<'settling'>,
  candidateId: string,
  dependencies: StepDependencies,
): Promise<Finding> {
  const { job, notes } = leased;
  const outcome = await dependencies.upstream.lookUp(candidateId, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'found': {
      const adopted = await adoptRequest(job, candidateId, dependencies);
      if (adopted === 'in-flight') return continueWith(notes, IN_FLIGHT_PAUSE_MS);
      if (adopted === 'taken') return reject(leased, candidateId, dependencies);
      const { createdAt: submittedAt } = outcome.entry;
      const expected = expectedOf(job, dependencies);
      return {
        observation: { type: 'submit-accepted', upstreamId: candidateId, submittedAt, expected },
        call: 'none',
        nextInMs: 0,
      };
    }
    case 'not-found':
      return reject(leased, candidateId, dependencies);
    case 'unusable':
      return giveUp(leased, `${outcome.reason}.`, dependencies);
    case 'inconclusive':
      return retryLater(leased, outcome.reason, dependencies);
  }
}

/** The candidate is another job's, or not a request of this account (yet): this search continues without it. */
function reject({ job, notes }: Leased<'settling'>, id: string, { clock }: StepDependencies): Finding {
  const { candidateId: _, ...rest } = notes;
  const firstSearchInMs = job.updatedAt + FIRST_SEARCH_MS - clock.now();
  // The id was in an error answer, right after the POST.
  if (firstSearchInMs > 0) return continueWith(rest, firstSearchInMs);
  return continueWith({ ...rest, rejectedIds: [...(notes.rejectedIds ?? []), id].slice(-MAX_REJECTED) });
}

/** Schedules the next search, or ends the job after the last one. */
function endSearch({ job, notes }: Leased<'settling'>, { clock }: StepDependencies): Finding {
  const { historySearch: _search, rejectedIds: _rejected, ...rest } = notes;
  const age = clock.now() - job.updatedAt;
  // A search that is late, because the gateway was stopped, replaces those that it missed.
  const next = SEARCHES_MS.find((at, index) => at > age && index > (notes.historyLooks ?? 0));
  if (next === undefined) return unknown(job, 'The request is not in the request history.');
  return continueWith({ ...rest, historyLooks: SEARCHES_MS.indexOf(next) }, next - age);
}

function retryLater(
  { job, notes }: Leased<'settling'>,
  reason: string,
  { clock }: StepDependencies,
): Finding {
  const last = SEARCHES_MS.at(-1) ?? 0;
  if (clock.now() - job.updatedAt > last + PATIENCE_MS) {
    return unknown(job, `The request history did not answer: ${reason}.`);
  }
  return { observation: null, call: 'none', isFailure: true, notes };
}

/** The history cannot help. A poller that was only frozen may still return with the answer, so it gets some time. */
function giveUp({ job, notes }: Leased<'settling'>, reason: string, { clock }: StepDependencies): Finding {
  const waitMs = notes.mayStillAnswer === true ? job.updatedAt + LATE_ANSWER_MS - clock.now() : 0;
  return waitMs > 0 ? continueWith(notes, waitMs) : unknown(job, reason);
}

function continueWith(notes: PollNotes, nextInMs = 0): Finding {
  return { observation: null, call: 'none', notes, nextInMs };
}

function unknown({ lostAnswer }: JobIn<'settling'>, reason: string): Finding {
  return { observation: { type: 'submit-unknown', message: `${lostAnswer} ${reason}` }, call: 'none' };
}

/** The start of a search. */
export const NEW_SEARCH: HistorySearch = { page: 1, after: 0, until: null, reads: 0 };

/** A page of the history. */
export interface HistoryPage {
  /** When its oldest request was created, in epoch milliseconds; null when the page is empty. */
  readonly oldestAt: number | null;
  /** Whether a later page may have a match. */
  readonly more: boolean;
}

/**
 * The next page to read. It finds the first page that reaches back to a time by doubling and halving, even after thousands of
 * newer requests, and then reads page by page.
 *
 * @param to epoch milliseconds: newer requests do not match
 * @returns null when every page that may have a match was read
 */
export function nextRead(search: HistorySearch, read: HistoryPage, to: number): HistorySearch | null {
  const { page, after, until } = search;
  const reads = search.reads + 1;
  if (reads >= MAX_READS) return null;
  if (read.oldestAt !== null && read.oldestAt > to) {
    // New requests move the others to later pages during the search.
    const isBounded = until !== null && until > page;
    return isBounded
      ? { page: between(page, until), after: page, until, reads }
      : { page: until === null ? 2 * page : page + 1, after: page, until: null, reads };
  }
  if (page - after > 1) return { page: between(after, page), after, until: page, reads };
  return read.more ? { page: page + 1, after: page, until, reads } : null;
}

function between(after: number, until: number): number {
  return after + Math.ceil((until - after) / 2);
}
