import type { JobIn, JobMetrics, JobVideo } from '../domain/job/job.ts';
import type { Observation } from '../domain/job/observation.ts';
import type { CollectedVideo, HistoryEntry } from '../providers/video-upstream.ts';
import {
  callOptions,
  type Finding,
  type Leased,
  type PhaseAtUpstream,
  type StepDependencies,
} from './step.ts';

/** Milliseconds until the next poll of a job that the history shows as unfinished. */
const PENDING_PAUSE_MS = 10_000;

/**
 * Looks up a job in the request history, when the upstream no longer knows it or its result has no usable video.
 *
 * @param endWithoutVideo ends the job when the history has no video either; the entry is null when the history does not have the job
 */
export async function lookUpJob(
  { job, notes }: Leased<PhaseAtUpstream>,
  endWithoutVideo: (entry: HistoryEntry | null) => Observation,
  dependencies: StepDependencies,
): Promise<Finding> {
  const outcome = await dependencies.upstream.lookUp(job.upstreamId, callOptions(job, dependencies));
  switch (outcome.type) {
    case 'found':
      return { call: 'none', ...findingOf(job, outcome.entry, endWithoutVideo, dependencies) };
    case 'not-found':
    case 'unusable':
      return { observation: endWithoutVideo(null), call: 'none' };
    case 'inconclusive':
      // The history is on another server than the API, so its error says nothing about the API.
      return {
        observation: null,
        call: 'none',
        isFailure: true,
        notes: { ...notes, lastError: outcome.reason },
      };
  }
}

function findingOf(
  job: JobIn<PhaseAtUpstream>,
  entry: HistoryEntry,
  endWithoutVideo: (entry: HistoryEntry) => Observation,
  dependencies: StepDependencies,
): Pick<Finding, 'observation' | 'nextInMs'> {
  const metrics = historyMetrics(entry);
  switch (entry.state) {
    case 'pending':
      return { observation: null, nextInMs: PENDING_PAUSE_MS };
    case 'failed': {
      const message = entry.message ?? 'The upstream reported FAILED without a reason.';
      return { observation: { type: 'upstream-failed', message, metrics } };
    }
    case 'completed': {
      if (entry.video === null) return { observation: endWithoutVideo(entry) };
      const video = jobVideo(job, entry.video, dependencies);
      const startedAt = job.startedAt ?? job.submittedAt;
      return { observation: { type: 'video-collected', video, startedAt, metrics } };
    }
  }
}

/** The cost that the history shows; null when it shows none. */
export function historyMetrics(entry: HistoryEntry | null): JobMetrics | null {
  if (entry === null || entry.costUsd === null) return null;
  return { queueSeconds: null, inferenceSeconds: null, costUsd: entry.costUsd };
}

/** The video as it is stored with its job. */
export function jobVideo(
  { submittedAt }: JobIn<PhaseAtUpstream>,
  { url, base64, contentType, byteLength }: CollectedVideo,
  { clock, retentionMs, upstream }: StepDependencies,
): JobVideo {
  const inline = base64 !== null;
  const expiresAt = inline ? clock.now() + retentionMs : submittedAt + upstream.lifetimes.fileMs;
  return { url, inline, contentType, byteLength, expiresAt };
}
