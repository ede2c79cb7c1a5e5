import type { Gauge } from 'prom-client';
import type { BacklogReader, DueWork } from '../../store/backlog.ts';
import type { CallBudget } from '../../store/call-budget.ts';
import type { WebhookDeliveries } from '../../store/webhook-deliveries.ts';
import { type Instruments, setOrRemove } from './instruments.ts';
import { budgetGauges } from './upstream-metrics.ts';

export interface BacklogMetricsOptions {
  readonly instruments: Instruments;
  readonly backlog: Pick<BacklogReader, 'read'>;
  readonly deliveries: Pick<WebhookDeliveries, 'countWaiting' | 'nextDueAt'>;
  readonly budget: Pick<CallBudget, 'status'>;
  /** False: file tasks of a time with an archive may wait, but nothing takes them. */
  readonly hasArchive: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Milliseconds that the store has to answer: less than the time that Prometheus waits for a scrape, ten seconds by default. */
const TIMEOUT_MS = 3000;

/** Shows the work that waits in the store and the budget of upstream calls, for all instances together. They are read for each scrape. */
export class BacklogMetrics {
  readonly #options: BacklogMetricsOptions;
  readonly #up: Gauge;
  readonly #jobs: Gauge<'phase'>;
  readonly #quarantined: Gauge;
  readonly #due: WorkGauges;
  readonly #files: WorkGauges;
  readonly #waitingDeliveries: Gauge;
  readonly #oldestDelivery: Gauge;
  readonly #showBudget: ReturnType<typeof budgetGauges>;

  constructor(options: BacklogMetricsOptions) {
    const { instruments } = options;
    this.#options = options;
    this.#up = instruments.gauge({
      name: 'reelgate_store_up',
      help: '1 when the store answered this scrape. Without an answer there are no values of its work.',
    });
    this.#jobs = instruments.gauge({
      name: 'reelgate_jobs',
      help: 'Unfinished jobs by phase, of all instances.',
      labels: ['phase'],
    });
    this.#quarantined = instruments.gauge({
      name: 'reelgate_quarantined_records',
      help: 'Records of the store that cannot be read.',
    });
    this.#due = workGauges(instruments, 'reelgate_jobs', 'jobs');
    this.#files = workGauges(instruments, 'reelgate_archive_tasks', 'tasks of the archive');
    this.#waitingDeliveries = instruments.gauge({
      name: 'reelgate_webhook_deliveries_waiting',
      help: 'Webhooks that are due or wait for their next attempt, of all instances.',
    });
    this.#oldestDelivery = oldestGauge(instruments, 'reelgate_webhook_deliveries', 'webhooks');
    this.#showBudget = budgetGauges(instruments);
  }

  /** Reads the store. Never rejects. */
  async update(): Promise<void> {
    const { backlog, deliveries, budget } = this.#options;
    // One of them may be from memory.
    const read = Promise.all([
      backlog.read(),
      deliveries.countWaiting(),
      deliveries.nextDueAt(),
      budget.status(),
    ]);
    const [work, waiting, oldestDueAt, calls] = (await this.#inTime(read)) ?? [null, null, null, null];
    this.#up.set(work === null ? 0 : 1);
    this.#jobs.reset();
    for (const [phase, count] of Object.entries(work?.unfinishedByPhase ?? {})) {
      this.#jobs.set({ phase }, count);
    }
    setOrRemove(this.#quarantined, work?.quarantined ?? null);
    this.#show(this.#due, work?.jobs ?? null);
    this.#show(this.#files, this.#options.hasArchive ? (work?.fileTasks ?? null) : null);
    setOrRemove(this.#waitingDeliveries, waiting);
    this.#showOldest(this.#oldestDelivery, work && { oldestDueAt });
    this.#showBudget(calls);
  }

  #show({ due, oldest }: WorkGauges, work: DueWork | null): void {
    setOrRemove(due, work?.due ?? null);
    this.#showOldest(oldest, work);
  }

  #showOldest(gauge: Gauge, work: Pick<DueWork, 'oldestDueAt'> | null): void {
    const lateMs = work === null ? null : this.#options.now() - (work.oldestDueAt ?? Infinity);
    setOrRemove(gauge, lateMs === null ? null : Math.max(0, lateMs) / 1000);
  }

  /** @returns null when the store fails or is too slow */
  async #inTime<T>(answer: Promise<T>): Promise<T | null> {
    const timeout = Promise.withResolvers<null>();
    const timer = setTimeout(() => timeout.resolve(null), TIMEOUT_MS);
    const first = await Promise.race([answer.catch(() => null), timeout.promise]);
    clearTimeout(timer);
    return first;
  }
}

interface WorkGauges {
  readonly due: Gauge;
  readonly oldest: Gauge;
}

function workGauges(instruments: Instruments, prefix: string, what: string): WorkGauges {
  return {
    due: instruments.gauge({ name: `${prefix}_due`, help: `Due ${what}, of all instances.` }),
    oldest: oldestGauge(instruments, prefix, what),
  };
}

function oldestGauge(instruments: Instruments, prefix: string, what: string): Gauge {
  return instruments.gauge({
    name: `${prefix}_oldest_due_seconds`,
    help: `For how long the oldest of the due ${what} has been due; 0 when nothing is due.`,
  });
}
