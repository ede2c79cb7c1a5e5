import { isFinal } from '../domain/job/job.ts';
import type { FaultLog, LeveledLog } from '../process/fault-log.ts';
import type { LeasedJob } from '../store/job-store.ts';
import type { StepReport } from './process-job.ts';

/**
 * Logs the result of a step.
 *
 * @param faults for messages that many jobs may repeat
 */
export function logStep(
  leased: LeasedJob,
  { job, outcome, call }: StepReport,
  log: LeveledLog,
  faults: FaultLog,
): void {
  const details = { jobId: job.id, upstreamId: job.upstreamId, phase: job.phase, version: job.version };
  if (outcome === 'missing') {
    log.error(details, 'the store no longer has this job: the result of its step is lost');
  } else if (outcome === 'superseded') {
    const isCanceled = job.failure?.code === 'CANCELED';
    if (isCanceled) log.info(details, 'the job was canceled before it was sent');
    else log.warn(details, 'another poller has taken the job over');
  } else if (job.failure !== null) {
    log.warn({ ...details, failure: job.failure }, 'job failed');
  } else if (isFinal(job)) {
    log.info(details, 'job completed');
  } else if (job.phase !== leased.job.phase) {
    log.info(details, `job ${job.phase}`);
  }
  if (typeof call === 'object') {
    const message = 'an upstream call failed; it is repeated with a growing pause';
    faults.warn({ ...details, fault: call }, message);
  }
}
