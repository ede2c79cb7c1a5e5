import { FAILURE_CODES } from '../../domain/job/failure.ts';
import { isFinal, type Job } from '../../domain/job/job.ts';
import type { GatewayEvents } from '../../events/gateway-events.ts';
import { type Instruments, JOB_BUCKETS, REQUEST_BUCKETS } from './instruments.ts';

const POLL_BUCKETS = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 30, 50, 100];
const DELAY_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 120];
const RATIO_BUCKETS = [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 4];
/** What the label `gen_ai_provider_name` says. */
const PROVIDER = 'segmind';

export interface JobMetricsOptions {
  readonly events: Pick<GatewayEvents, 'on'>;
  readonly instruments: Instruments;
  /** The name of the model at the upstream. */
  readonly model: string;
  /** About what a job costs in US dollars; null: unknown. */
  readonly priceUsd: number | null;
}

/** Counts jobs as this process moves them: each change and each end counts at the instance that stored it. */
export function countJobs(options: JobMetricsOptions): void {
  const { events, instruments } = options;
  const transitions = instruments.counter({
    name: 'reelgate_job_transitions_total',
    help: 'Jobs that entered a phase; accepted counts the new ones.',
    labels: ['phase'],
  });
  events.on('job:changed', ({ before, job }) => {
    if (before?.phase !== job.phase) transitions.inc({ phase: job.phase });
  });
  countEnds(options);
  countSteps(events, instruments);
}

function countEnds({ events, instruments, model, priceUsd }: JobMetricsOptions): void {
  const ends = instruments.counter({
    name: 'reelgate_jobs_ended_total',
    help: 'Jobs that ended, with the code of the failure, or an empty one for a completed job.',
    labels: ['phase', 'error_type'],
  });
  // A counter that appears with its first event seems not to have grown: alerts would miss it.
  ends.inc({ phase: 'completed', error_type: '' }, 0);
  for (const code of FAILURE_CODES) ends.inc({ phase: 'failed', error_type: code }, 0);
  const charges = instruments.counter({
    name: 'reelgate_job_charges_total',
    help: 'Jobs that ended: charged, possibly charged (unknown), sent and not charged (returned), or never sent (none).',
    labels: ['charge'],
  });
  for (const charge of CHARGES) charges.inc({ charge }, 0);
  const cost = instruments.counter({
    name: 'reelgate_cost_usd_total',
    help: 'Cost of ended jobs in US dollars by charge, see reelgate_job_charges_total: what the upstream reported, else its usual price.',
    labels: ['charge'],
  });
  for (const charge of CHARGES) if (charge !== 'none') cost.inc({ charge }, 0);
  const waits = instruments.histogram(
    { name: 'reelgate_job_wait_seconds', help: 'Time from the acceptance of a job to its submission.' },
    JOB_BUCKETS,
  );
  const generations = instruments.histogram(
    {
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time from the submission of a job to its end.',
      labels: ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model', 'error_type'],
    },
    JOB_BUCKETS,
  );
  const polls = instruments.histogram(
    { name: 'reelgate_job_polls', help: 'Status calls for an ended job.' },
    POLL_BUCKETS,
  );
  const delays = instruments.histogram(
    {
      name: 'reelgate_job_detection_delay_seconds',
      help: 'Time from the end of a job at the upstream to its detection, estimated from the polls around it.',
    },
    DELAY_BUCKETS,
  );
  const ratios = instruments.histogram(
    {
      name: 'reelgate_job_duration_ratio',
      help: 'Duration of a job at the upstream divided by the duration that was expected at its submission.',
    },
    RATIO_BUCKETS,
  );
  const modelLabels = {
    gen_ai_operation_name: 'generate_content',
    gen_ai_provider_name: PROVIDER,
    gen_ai_request_model: model,
  };
  events.on('job:ended', ({ job, waitedMs, polls: count, detectionDelayMs, durationRatio }) => {
    const code = job.failure?.code ?? '';
    ends.inc({ phase: job.phase, error_type: code });
    const charge = chargeOf(job);
    charges.inc({ charge });
    if (charge !== 'none') cost.inc({ charge }, job.metrics?.costUsd ?? priceUsd ?? 0);
    if (waitedMs !== null) waits.observe(waitedMs / 1000);
    if (job.submittedAt !== null && isFinal(job)) {
      generations.observe({ ...modelLabels, error_type: code }, (job.finishedAt - job.submittedAt) / 1000);
      polls.observe(count);
    }
    if (detectionDelayMs !== null) delays.observe(detectionDelayMs / 1000);
    if (durationRatio !== null) ratios.observe(durationRatio);
  });
}

const CHARGES = ['charged', 'unknown', 'returned', 'none'] as const;

function chargeOf({ failure, sentAt, submittedAt }: Job): (typeof CHARGES)[number] {
  if (failure === null || failure.charged === 'YES') return 'charged';
  if (failure.charged === 'UNKNOWN') return 'unknown';
  return sentAt === null && submittedAt === null ? 'none' : 'returned';
}

function countSteps(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const steps = instruments.histogram(
    {
      name: 'reelgate_step_duration_seconds',
      help: 'Duration of the steps of the poller by outcome.',
      labels: ['outcome'],
    },
    REQUEST_BUCKETS,
  );
  const claims = instruments.histogram(
    { name: 'reelgate_claim_duration_seconds', help: 'Time in which the poller leased due jobs.' },
    REQUEST_BUCKETS,
  );
  const claimed = instruments.counter({
    name: 'reelgate_claimed_jobs_total',
    help: 'Jobs that the poller leased.',
  });
  const lateness = instruments.histogram(
    {
      name: 'reelgate_claim_lateness_seconds',
      help: 'How late the longest due job of a claim was.',
    },
    JOB_BUCKETS,
  );
  const lost = instruments.counter({
    name: 'reelgate_jobs_lost_total',
    help: 'Jobs that the poller could not store: another poller was faster, or the store no longer has them.',
    labels: ['reason'],
  });
  for (const reason of ['missing', 'superseded'] as const) lost.inc({ reason }, 0);
  events.on('step:end', ({ outcome, durationMs }) => steps.observe({ outcome }, durationMs / 1000));
  events.on('claim', ({ leased, latenessMs, durationMs }) => {
    claims.observe(durationMs / 1000);
    claimed.inc(leased);
    lateness.observe(latenessMs / 1000);
  });
  events.on('job:lost', ({ reason }) => lost.inc({ reason }));
}
