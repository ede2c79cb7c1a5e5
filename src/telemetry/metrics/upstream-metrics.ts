import type { CallBudgetStatus } from '../../domain/polling/call-budget-rules.ts';
import type { GatewayEvents } from '../../events/gateway-events.ts';
import { boundedLabel } from './bounded-label.ts';
import { type Instruments, REQUEST_BUCKETS, setOrRemove } from './instruments.ts';

const CALL_BUCKETS = [...REQUEST_BUCKETS, 20, 30, 60];
const MAX_STATUSES = 80;

/** Counts calls to the upstream, and the jobs that wait for one. */
export function countUpstream(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const status = boundedLabel(MAX_STATUSES);
  const calls = instruments.histogram(
    {
      name: 'reelgate_upstream_call_duration_seconds',
      help: 'Duration of calls to the upstream by outcome. rate-limited is a 429, unreachable no connection or no answer in time, lost an answer that cannot be read or a submission without an answer.',
      labels: ['call', 'outcome'],
    },
    CALL_BUCKETS,
  );
  for (const call of ['submit', 'status', 'result'] as const) {
    for (const outcome of ['answered', 'rate-limited'] as const) calls.zero({ call, outcome });
  }
  const answers = instruments.counter({
    name: 'reelgate_upstream_answers_total',
    help: 'Answers of the upstream by HTTP status.',
    labels: ['call', 'http_response_status_code'],
  });
  events.on('upstream:call', ({ call, outcome, durationMs, ...answer }) => {
    calls.observe({ call, outcome }, durationMs / 1000);
    if (answer.status !== null) {
      answers.inc({ call, http_response_status_code: status(String(answer.status)) });
    }
  });
  const waiting = instruments.gauge({
    name: 'reelgate_budget_waiting_jobs',
    help: 'Due jobs that wait for the budget; no value while none does.',
    labels: ['limited_by'],
  });
  events.on('budget:waiting', ({ limitedBy, jobs }) => {
    waiting.reset();
    if (jobs > 0) waiting.set({ limited_by: limitedBy }, jobs);
  });
}

/** Shows the budget of upstream calls. @returns sets the values; null: they are unknown */
export function budgetGauges(instruments: Instruments): (status: CallBudgetStatus | null) => void {
  const remaining = instruments.gauge({
    name: 'reelgate_budget_remaining_calls',
    help: 'Calls that all instances could make at once; no value without a limit.',
  });
  const share = instruments.gauge({
    name: 'reelgate_budget_rate_ratio',
    help: 'The share of the full rate that is allowed, 0 to 1: a 429 lowers it.',
  });
  const circuit = instruments.gauge({
    name: 'reelgate_circuit_open',
    help: '1 while the upstream counts as down for all instances: it is only probed.',
  });
  return (status) => {
    setOrRemove(remaining, status?.remaining ?? null);
    setOrRemove(share, status?.share ?? null);
    setOrRemove(circuit, status && (status.nextProbeAt === null ? 0 : 1));
  };
}
