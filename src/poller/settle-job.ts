import type { Job } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { LeasedJob } from '../store/job-store.ts';
import { adoptRequest } from './commit.ts';
import { NEW_SEARCH, nextRead } from './history-search.ts';
import { callOptions, expectedOf, type Finding, FIRST_LOOK_MS, type StepDependencies } from './step.ts';

/** When the history is read after the answer was lost, in milliseconds: a request may appear there late. */
const LOOKS_MS = [FIRST_LOOK_MS, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];
/** For so long after the last of them a history that does not answer is asked again. */
const PATIENCE_MS = 120_000;
/** How far the upstream's clock may be off, once the difference that its answers show is taken into account. */
const CLOCK_MARGIN_MS = 10_000;
/** Milliseconds to wait for the answer to another job's submission with equal inputs. */
const IN_FLIGHT_PAUSE_MS = 3000;
/** How long a poller that lost its lease during the POST may still come up with the answer. */
const STANDSTILL_MS = 30_000;
/** Ids that are left out until the next look. */
const MAX_REJECTED = 50;

/**
 * Looks in the request history for the request of a job whose answer was lost: one with equal inputs, made around the
 * time of the POST, that no job here has. A teammate's requests are in the list too; the call by id refuses those, so
 * each request that is found is looked up before it counts. Makes one call.
 */
export async function settleJob(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { notes } = leased;
  if (!dependencies.upstream.hasHistory) return giveUp(leased, 'There is no request history.', dependencies);
  return notes.candidateId === undefined
    ? readHistory(leased, dependencies)
    : confirm(leased, notes.candidateId, dependencies);
}

async function readHistory(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { historySearch: search = NEW_SEARCH, rejectedIds = [] } = notes;
  const { callTimeoutMs } = dependencies;
  const sentAt = job.sentAt ?? job.createdAt;
  const query = {
    request: job.request,
    from: sentAt - CLOCK_MARGIN_MS,
    // A job whose poller was lost is settled long after its POST.
    to: Math.min(job.updatedAt, sentAt + callTimeoutMs) + CLOCK_MARGIN_MS,
    page: search.page,
  };
  const outcome = await dependencies.upstream.findInHistory(query, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'unusable':
      return giveUp(leased, `${outcome.reason}.`, dependencies);
    case 'inconclusive':
      return noAnswer(leased, outcome.reason, dependencies);
    case 'page': {
      const candidate = outcome.entries.find(({ upstreamId }) => !rejectedIds.includes(upstreamId));
      if (candidate !== undefined) {
        const { upstreamId: candidateId } = candidate;
        return { observation: null, call: 'none', notes: { ...notes, candidateId }, dueInMs: 0 };
      }
      const next = nextRead(search, outcome, query.to);
      if (next === null) return nothingFound(job, notes, dependencies);
      return { observation: null, call: 'none', notes: { ...notes, historySearch: next }, dueInMs: 0 };
    }
  }
}

async function confirm(
  leased: LeasedJob,
  candidateId: string,
  dependencies: StepDependencies,
): Promise<Finding> {
  const { job, notes } = leased;
  const { candidateId: _, ...rest } = notes;
  const outcome = await dependencies.upstream.lookUp(candidateId, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'found': {
      const adopted = await adoptRequest(job, candidateId, dependencies);
      if (adopted === 'in-flight') {
        return { observation: null, call: 'none', notes, dueInMs: IN_FLIGHT_PAUSE_MS };
      }
      if (adopted === 'taken') return rejected(job, rest, candidateId, dependencies);
      const { createdAt: submittedAt } = outcome.entry;
      const expected = expectedOf(job, dependencies);
      return {
        observation: { type: 'submit-accepted', upstreamId: candidateId, submittedAt, expected },
        call: 'none',
        dueInMs: 0,
      };
    }
    case 'not-found':
      return rejected(job, rest, candidateId, dependencies);
    case 'unusable':
      return giveUp(leased, `${outcome.reason}.`, dependencies);
    case 'inconclusive':
      return noAnswer(leased, outcome.reason, dependencies);
  }
}

/**
 * It is another job's, or no request of this account, or not yet one: the other matches of the same page are tried next,
 * and this one at the next look again.
 */
function rejected(job: Job, notes: PollNotes, id: string, { clock }: StepDependencies): Finding {
  const firstLookInMs = job.updatedAt + FIRST_LOOK_MS - clock.now();
  // It was named by an error answer, right after the POST.
  if (firstLookInMs > 0) return { observation: null, call: 'none', notes, dueInMs: firstLookInMs };
  const rejectedIds = [...(notes.rejectedIds ?? []), id].slice(-MAX_REJECTED);
  return { observation: null, call: 'none', notes: { ...notes, rejectedIds }, dueInMs: 0 };
}

function nothingFound(job: Job, notes: PollNotes, { clock }: StepDependencies): Finding {
  const { historySearch: _search, rejectedIds: _rejected, ...rest } = notes;
  const age = clock.now() - job.updatedAt;
  // Looks that came late, after the gateway was away, count for those that they replace.
  const next = LOOKS_MS.find((at, index) => at > age && index > (notes.historyLooks ?? 0));
  if (next === undefined) return unknown(job, 'The request is not in the request history.');
  const historyLooks = LOOKS_MS.indexOf(next);
  return { observation: null, call: 'none', notes: { ...rest, historyLooks }, dueInMs: next - age };
}

function noAnswer({ job, notes }: LeasedJob, reason: string, { clock }: StepDependencies): Finding {
  const last = LOOKS_MS.at(-1) ?? 0;
  if (clock.now() - job.updatedAt > last + PATIENCE_MS) {
    return unknown(job, `The request history did not answer: ${reason}.`);
  }
  return { observation: null, call: 'none', isFailure: true, notes };
}

/** The history is of no use. A poller that only stood still may yet have the answer: it gets a moment to tell it. */
function giveUp({ job, notes }: LeasedJob, reason: string, { clock }: StepDependencies): Finding {
  const waitMs = notes.mayStillAnswer === true ? job.updatedAt + STANDSTILL_MS - clock.now() : 0;
  if (waitMs <= 0) return unknown(job, reason);
  return { observation: null, call: 'none', notes, dueInMs: waitMs };
}

function unknown(job: Job, reason: string): Finding {
  const message = [job.lostAnswer, reason].filter((part) => part !== null).join(' ');
  const observation: Observation = { type: 'submit-unknown', message };
  return { observation, call: 'none' };
}
