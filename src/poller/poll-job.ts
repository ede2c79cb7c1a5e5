import type { Job } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { LeasedJob } from '../store/job-store.ts';
import type { CommonOutcome } from '../providers/video-upstream.ts';
import { jobVideo } from './job-video.ts';
import { historyMetrics, lookUpJob } from './look-up-job.ts';
import { seenDone, seenRunning } from '../domain/polling/seen-durations.ts';
import {
  answered,
  callOptions,
  expectedOf,
  type Finding,
  type StepDependencies,
  upstreamIdOf,
} from './step.ts';

/** For so many milliseconds the upstream has to say that it does not know a job before that is believed. */
const NOT_FOUND_MS = 30_000;
/** Milliseconds between the polls that are to confirm an answer which would end the job. */
const CONFIRM_PAUSE_MS = 5000;
/** Answers in a row that say COMPLETED and hold no video before the history is asked and the job ends. */
const MAX_EMPTY_RESULTS = 3;
/** Failed calls for a result in a row after which, and after each so many more, the history is asked. */
const RESULT_FAILURES = 3;

/** Asks the upstream how far a job is. */
export async function pollJob(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { upstream, clock } = dependencies;
  if (notes.lookUpNext === true) return lookUpForgotten(job, notes, dependencies);
  const askedAt = clock.now();
  const outcome = await upstream.status(upstreamIdOf(job), callOptions(job, dependencies));
  const look = {
    job,
    lastPolledAt: leased.lastPolledAt,
    at: clock.now(),
    expected: expectedOf(job, dependencies),
  };
  switch (outcome.type) {
    case 'queued':
      return { observation: null, call: 'answered', lastPolledAt: askedAt };
    case 'processing': {
      const { startedAt, learned } = seenRunning(look);
      const observation: Observation = { type: 'upstream-processing', startedAt, expected: look.expected };
      return { observation, call: 'answered', learned, lastPolledAt: askedAt };
    }
    case 'completed': {
      const { metrics } = outcome;
      const { startedAt, learned } = seenDone(look, metrics);
      return { observation: { type: 'upstream-completed', startedAt, metrics }, call: 'answered', learned };
    }
    case 'failed':
    case 'ended':
    case 'not-found':
    case 'inconclusive':
      return onJobEnd(leased, outcome, dependencies);
  }
}

/** Fetches the video of a job that is done. */
export async function collectVideo(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  if (notes.lookUpNext === true) return lookUpResult(leased, dependencies);
  const { upstream } = dependencies;
  const outcome = await upstream.result(upstreamIdOf(job), callOptions(job, dependencies));
  switch (outcome.type) {
    case 'ready': {
      const video = jobVideo(job, outcome.video, dependencies);
      const startedAt = job.startedAt ?? job.updatedAt;
      const { metrics } = outcome;
      const { base64 } = outcome.video;
      const found = answered({ type: 'video-collected', video, startedAt, metrics });
      return base64 === null ? found : { ...found, videoData: base64 };
    }
    case 'empty': {
      const emptyResults = (notes.emptyResults ?? 0) + 1;
      const next = { ...notes, emptyResults, lastError: outcome.message };
      if (emptyResults < MAX_EMPTY_RESULTS) {
        return { observation: null, call: 'answered', isFailure: true, notes: next };
      }
      if (upstream.hasHistory) return lookUpSoon(next);
      return answered({ type: 'upstream-has-no-video', message: outcome.message, metrics: outcome.metrics });
    }
    case 'inconclusive': {
      const finding = onJobEnd(leased, outcome, dependencies);
      const isTurn =
        outcome.apiAnswered && !outcome.rateLimited && (leased.failureCount + 1) % RESULT_FAILURES === 0;
      return isTurn && upstream.hasHistory
        ? { ...finding, notes: { ...finding.notes, lookUpNext: true } }
        : finding;
    }
    case 'failed':
    case 'ended':
    case 'not-found':
      return onJobEnd(leased, outcome, dependencies);
  }
}

function onJobEnd(
  { job, notes }: LeasedJob,
  outcome: CommonOutcome,
  dependencies: StepDependencies,
): Finding {
  const { upstream, clock } = dependencies;
  switch (outcome.type) {
    case 'failed':
      return answered({ type: 'upstream-failed', message: outcome.message, metrics: outcome.metrics });
    case 'ended': {
      const { word, message, metrics } = outcome;
      if (notes.endWord === word) return answered({ type: 'upstream-failed', message, metrics });
      // No document has this word: it has to be said twice.
      const next = { ...notes, endWord: word, lastError: message };
      return { observation: null, call: 'answered', notes: next, dueInMs: CONFIRM_PAUSE_MS };
    }
    case 'not-found': {
      const notFoundSince = notes.notFoundSince ?? clock.now();
      const next = { ...notes, notFoundSince, lastError: outcome.reason };
      // Within the lifetime of its result the upstream should still know the job.
      const isYoung = clock.now() - (job.submittedAt ?? job.createdAt) < upstream.lifetimes.resultMs;
      if (isYoung && clock.now() - notFoundSince < NOT_FOUND_MS) {
        return { observation: null, call: 'answered', notes: next, dueInMs: CONFIRM_PAUSE_MS };
      }
      if (upstream.hasHistory) return lookUpSoon(next);
      return answered({ type: 'upstream-not-found', metrics: null });
    }
    case 'inconclusive':
      return { observation: null, call: outcome, notes: { ...notes, lastError: outcome.reason } };
  }
}

/** The next call is a look into the history; each step makes one call, as it was leased for one. */
function lookUpSoon(notes: PollNotes): Finding {
  return { observation: null, call: 'answered', notes: { ...notes, lookUpNext: true }, dueInMs: 0 };
}

function lookUpForgotten(job: Job, notes: PollNotes, dependencies: StepDependencies): Promise<Finding> {
  return lookUpJob(
    job,
    notes,
    (entry) =>
      entry === null
        ? { type: 'upstream-not-found', metrics: null }
        : { type: 'upstream-not-found', metrics: historyMetrics(entry) },
    dependencies,
  );
}

async function lookUpResult(leased: LeasedJob, dependencies: StepDependencies): Promise<Finding> {
  const { job, notes } = leased;
  const { notFoundSince, emptyResults = 0 } = notes;
  if (notFoundSince !== undefined) return lookUpForgotten(job, notes, dependencies);
  const message = notes.lastError ?? 'The upstream said COMPLETED without a video.';
  const noVideo = (metrics: ReturnType<typeof historyMetrics>): Observation => ({
    type: 'upstream-has-no-video',
    message,
    metrics,
  });
  const finding = await lookUpJob(job, notes, (entry) => noVideo(historyMetrics(entry)), dependencies);
  // A result that could not be read may be readable later: only one that is known to be empty ends the job.
  if (finding.observation?.type !== 'upstream-has-no-video' || emptyResults > 0) return finding;
  const { lookUpNext: _, ...rest } = notes;
  return { observation: null, call: 'none', isFailure: true, notes: rest };
}
