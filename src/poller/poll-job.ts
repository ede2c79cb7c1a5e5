import type { Observation } from '../domain/job/observation.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import { learnFromDone, learnFromRunning } from '../domain/polling/learn-from-poll.ts';
import type { CommonOutcome, StatusOutcome } from '../providers/video-upstream.ts';
import { historyMetrics, jobVideo, lookUpJob } from './look-up-job.ts';
import {
  answered,
  callOptions,
  expectedOf,
  type Finding,
  type Leased,
  type PhaseAtUpstream,
  type StepDependencies,
} from './step.ts';

/** Milliseconds for which the upstream must repeat "not found" before the poller accepts it. */
const NOT_FOUND_MS = 30_000;
/** Milliseconds until the poll that confirms an answer which would end the job. */
const CONFIRM_PAUSE_MS = 5000;
/** COMPLETED answers in a row without a video, after which the history is asked and the job ends. */
const MAX_EMPTY_RESULTS = 3;
/** The history is asked each time when this many more result calls in a row have failed. */
const RESULT_FAILURES = 3;

/** Asks the upstream for a job's status. */
export async function pollJob(
  leased: Leased<'queued' | 'processing'>,
  dependencies: StepDependencies,
): Promise<Finding> {
  const { job, notes, lastPolledAt } = leased;
  const { upstream, clock } = dependencies;
  if (notes.lookUpNext === true) return lookUpNotFound(leased, dependencies);
  const askedAt = clock.now();
  const outcome = await upstream.status(job.upstreamId, callOptions(job, dependencies));
  const finding = onStatus(leased, outcome, askedAt, dependencies);
  const isEnd = outcome.type === 'completed' || finding.observation?.type === 'upstream-failed';
  if (!isEnd) return { ...finding, isPoll: true };
  const detectionDelayMs = Math.max(0, clock.now() - (lastPolledAt ?? job.submittedAt)) / 2;
  return { ...finding, isPoll: true, detectionDelayMs };
}

function onStatus(
  leased: Leased<'queued' | 'processing'>,
  outcome: StatusOutcome,
  askedAt: number,
  dependencies: StepDependencies,
): Finding {
  const { job, lastPolledAt } = leased;
  const expected = expectedOf(job, dependencies);
  const poll = { job, lastPolledAt, at: dependencies.clock.now(), expected };
  switch (outcome.type) {
    case 'queued':
      return { observation: null, call: 'answered', lastPolledAt: askedAt };
    case 'processing': {
      const { startedAt, learned } = learnFromRunning(poll);
      const observation: Observation = { type: 'upstream-processing', startedAt, expected };
      return { observation, call: 'answered', learned, lastPolledAt: askedAt };
    }
    case 'completed': {
      const { metrics } = outcome;
      const { startedAt, learned } = learnFromDone(poll, metrics);
      return { observation: { type: 'upstream-completed', startedAt, metrics }, call: 'answered', learned };
    }
    case 'failed':
    case 'ended':
    case 'not-found':
    case 'inconclusive':
      return onCommonOutcome(leased, outcome, dependencies);
  }
}

/** Fetches the video of a job that is done. */
export async function collectVideo(
  leased: Leased<'collecting'>,
  dependencies: StepDependencies,
): Promise<Finding> {
  const { job, notes } = leased;
  if (notes.lookUpNext === true) return lookUpResult(leased, dependencies);
  const { upstream } = dependencies;
  const outcome = await upstream.result(job.upstreamId, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'ready': {
      const video = jobVideo(job, outcome.video, dependencies);
      const { metrics } = outcome;
      const { base64 } = outcome.video;
      const found = answered({ type: 'video-collected', video, startedAt: job.startedAt, metrics });
      return base64 === null ? found : { ...found, videoData: base64 };
    }
    case 'empty': {
      const emptyResults = (notes.emptyResults ?? 0) + 1;
      const next = { ...notes, emptyResults, lastError: outcome.message };
      if (emptyResults < MAX_EMPTY_RESULTS) {
        return { observation: null, call: 'answered', isFailure: true, notes: next };
      }
      if (upstream.hasHistory) return lookUpNext(next);
      return answered({ type: 'upstream-has-no-video', message: outcome.message, metrics: outcome.metrics });
    }
    case 'inconclusive': {
      const finding = onCommonOutcome(leased, outcome, dependencies);
      const isLookUpDue =
        outcome.apiAnswered && !outcome.rateLimited && (leased.failureCount + 1) % RESULT_FAILURES === 0;
      return isLookUpDue && upstream.hasHistory
        ? { ...finding, notes: { ...finding.notes, lookUpNext: true } }
        : finding;
    }
    case 'failed':
    case 'ended':
    case 'not-found':
      return onCommonOutcome(leased, outcome, dependencies);
  }
}

function onCommonOutcome(
  { job, notes }: Leased<PhaseAtUpstream>,
  outcome: CommonOutcome,
  { upstream, clock }: StepDependencies,
): Finding {
  switch (outcome.type) {
    case 'failed':
      return answered({ type: 'upstream-failed', message: outcome.message, metrics: outcome.metrics });
    case 'ended': {
      const { word, message, metrics } = outcome;
      if (notes.endWord === word) return answered({ type: 'upstream-failed', message, metrics });
      // The word is undocumented, so the poller accepts it only when it is repeated.
      const next = { ...notes, endWord: word, lastError: message };
      return { observation: null, call: 'answered', notes: next, nextInMs: CONFIRM_PAUSE_MS };
    }
    case 'not-found': {
      const now = clock.now();
      const notFoundSince = notes.notFoundSince ?? now;
      const next = { ...notes, notFoundSince, lastError: outcome.reason };
      // The upstream should know a job within the lifetime of its result.
      const isYoung = now - job.submittedAt < upstream.lifetimes.resultMs;
      if (isYoung && now - notFoundSince < NOT_FOUND_MS) {
        return { observation: null, call: 'answered', notes: next, nextInMs: CONFIRM_PAUSE_MS };
      }
      if (upstream.hasHistory) return lookUpNext(next);
      return answered({ type: 'upstream-not-found', metrics: null });
    }
    case 'inconclusive':
      return { observation: null, call: outcome, notes: { ...notes, lastError: outcome.reason } };
  }
}

/** Leaves the lookup in the history to the next step, because a step may make one call only. */
function lookUpNext(notes: PollNotes): Finding {
  return { observation: null, call: 'answered', notes: { ...notes, lookUpNext: true }, nextInMs: 0 };
}

function lookUpNotFound(leased: Leased<PhaseAtUpstream>, dependencies: StepDependencies): Promise<Finding> {
  return lookUpJob(
    leased,
    (entry) => ({ type: 'upstream-not-found', metrics: historyMetrics(entry) }),
    dependencies,
  );
}

async function lookUpResult(leased: Leased<'collecting'>, dependencies: StepDependencies): Promise<Finding> {
  const { notFoundSince, emptyResults = 0, lastError } = leased.notes;
  if (notFoundSince !== undefined) return lookUpNotFound(leased, dependencies);
  const message = lastError ?? 'The upstream said COMPLETED without a video.';
  const finding = await lookUpJob(
    leased,
    (entry) => ({ type: 'upstream-has-no-video', message, metrics: historyMetrics(entry) }),
    dependencies,
  );
  // Only an empty result ends the job. A result that could not be read may be readable later.
  if (finding.observation?.type !== 'upstream-has-no-video' || emptyResults > 0) return finding;
  const { lookUpNext: _, ...notes } = leased.notes;
  return { observation: null, call: 'none', isFailure: true, notes };
}
