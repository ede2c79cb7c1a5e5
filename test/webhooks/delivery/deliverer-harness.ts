import type { Job } from '../../../src/domain/job/job.ts';
import { GatewayEvents } from '../../../src/events/gateway-events.ts';
import type { Message, MessageOutcome } from '../../../src/providers/message-client.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import type { Delivery, WebhookDeliveries } from '../../../src/store/webhook-deliveries.ts';
import { WebhookDeliverer, type WebhookDelivererOptions } from '../../../src/webhooks/delivery/deliverer.ts';
import { createAndLease, present } from '../../contract/job-store-cases/opened-store.ts';
import { openSqlite } from '../../store/sqlite/open-sqlite.ts';
import { collect } from '../../support/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, type JobFields, ownTarget } from '../../support/jobs.ts';
import { DAY, SECOND } from '../../support/times.ts';

export const URL_A = 'https://a.example.com/hook';
export const URL_B = 'https://b.example.com/hook';

/** The outcome of an answer. */
export function status(code: number, retryAfterMs: number | null = null): MessageOutcome {
  return { type: 'answered', status: code, retryAfterMs };
}

/** The longest pause of the deliverer. */
const MAX_PAUSE_MS = SECOND;

/** A request that was sent. */
interface Sent {
  readonly jobId: string;
  readonly url: string;
  readonly at: number;
}

/** A deliverer on a real store, with receivers by a script and a fake clock. */
export class DelivererHarness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly events = new GatewayEvents();
  readonly reports = collect(this.events, 'delivery');
  readonly faults = collect(this.events, 'fault');
  readonly sent: Sent[] = [];
  /** What the receivers answer. @default 200 */
  answer: (message: Message) => MessageOutcome | Promise<MessageOutcome> = () => status(200);
  messageOf: WebhookDelivererOptions['messageOf'] = ({ jobId }) => ({ body: jobId, headers: {} });
  readonly deliveries: WebhookDeliveries;
  readonly deliverer: WebhookDeliverer;
  readonly #opened = openSqlite(this.clock);

  constructor() {
    const { database, commits, quarantine } = this.#opened.store;
    this.deliveries = new SqliteDeliveries(database, commits, quarantine);
    this.deliverer = this.addDeliverer();
  }

  addDeliverer(): WebhookDeliverer {
    return new WebhookDeliverer({
      deliveries: this.deliveries,
      messageOf: (delivery, now) => this.messageOf(delivery, now),
      client: {
        post: async (message) => {
          this.sent.push({ jobId: message.body, url: message.url.href, at: this.clock.now() });
          return this.answer(message);
        },
      },
      clock: this.clock,
      random: () => 0.5,
      events: this.events,
    });
  }

  /** Ends a job now, with a delivery to a target. */
  async end(webhookUrl: string, change: JobFields = {}): Promise<Job> {
    const { store } = this.#opened;
    const fields = { createdAt: this.clock.now(), webhookUrl, ...change };
    const { job, leaseId } = await createAndLease(store, acceptedJob(fields));
    const done = completed(job, this.clock.now());
    await store.save(leaseId, { job: done, schedule: null, deliveries: ownTarget(done) });
    return done;
  }

  /** The one delivery of a job. */
  async stored({ id }: Job): Promise<Delivery> {
    return present((await this.deliveries.ofJobs([id]))[0]?.[0]);
  }

  /** When requests to a target were sent, in milliseconds from a time. */
  timesOf(url: string, from: number): number[] {
    return this.sent.filter((one) => one.url === url).map(({ at }) => at - from);
  }

  /** Lets days pass without the deliverer's looks, one each second, while no delivery is due. */
  async passDays(days: number): Promise<void> {
    const end = this.clock.now() + days * DAY;
    while (this.clock.now() < end) {
      const due = (await this.deliveries.nextDueAt()) ?? end;
      this.clock.jump(Math.max(0, Math.min(due, end) - this.clock.now() - MAX_PAUSE_MS));
      await this.clock.advance(Math.min(2 * MAX_PAUSE_MS, end - this.clock.now()));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deliverer.stop(0);
    await this.#opened[Symbol.asyncDispose]();
  }
}
