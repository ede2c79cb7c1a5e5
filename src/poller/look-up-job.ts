import type { Job, JobMetrics } from '../domain/job/job.ts';
import type { PollNotes } from '../domain/job/poll-notes.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { HistoryEntry } from '../providers/video-upstream.ts';
import { fileVideo } from './job-video.ts';
import { callOptions, type Finding, type StepDependencies, upstreamIdOf } from './step.ts';

/** Milliseconds until a job that the history shows as unfinished is polled again. */
const PENDING_PAUSE_MS = 10_000;

/**
 * Asks the request history what became of a job that the upstream does not know any more, or whose result is of no use.
 *
 * @param otherwise how the job ends when the history does not help
 */
export async function lookUpJob(
  job: Job,
  notes: PollNotes,
  otherwise: (entry: HistoryEntry | null) => Observation,
  dependencies: StepDependencies,
): Promise<Finding> {
  const outcome = await dependencies.upstream.lookUp(upstreamIdOf(job), callOptions(job, dependencies));
  switch (outcome.type) {
    case 'found':
      return { call: 'none', ...findingOf(job, outcome.entry, otherwise, dependencies) };
    case 'not-found':
    case 'unusable':
      return { observation: otherwise(null), call: 'none' };
    case 'inconclusive':
      // It is another server than the API: its fault says nothing about that.
      return {
        observation: null,
        call: 'none',
        isFailure: true,
        notes: { ...notes, lastError: outcome.reason },
      };
  }
}

function findingOf(
  job: Job,
  entry: HistoryEntry,
  otherwise: (entry: HistoryEntry) => Observation,
  dependencies: StepDependencies,
): Pick<Finding, 'observation' | 'dueInMs'> {
  const metrics = historyMetrics(entry);
  switch (entry.state) {
    case 'pending':
      return { observation: null, dueInMs: PENDING_PAUSE_MS };
    case 'failed': {
      const message = entry.message ?? 'The upstream reported FAILED without a reason.';
      return { observation: { type: 'upstream-failed', message, metrics } };
    }
    case 'completed': {
      if (entry.videoUrl === null) return { observation: otherwise(entry) };
      const video = fileVideo(job, entry.videoUrl, dependencies);
      const startedAt = job.startedAt ?? job.submittedAt ?? dependencies.clock.now();
      return { observation: { type: 'video-collected', video, startedAt, metrics } };
    }
  }
}

/** What the history tells of a job's cost; null when it does not. */
export function historyMetrics(entry: HistoryEntry | null): JobMetrics | null {
  if (entry === null || entry.costUsd === null) return null;
  return { queueSeconds: null, inferenceSeconds: null, costUsd: entry.costUsd };
}
