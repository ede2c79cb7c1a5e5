import { type ExecutionResult, type GraphQLError, OperationTypeNode } from 'graphql';
import type { Clock } from '../domain/clock.ts';
import type { OperationTransport, SubscriptionEndEvent } from '../events/client-events.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { SlowSubscriberError } from '../watching/watch-owner.ts';
import type { SubscriptionEvent } from './fan-out.ts';
import type { OperationPlan } from './operation-plan.ts';
import type { OperationHook, OperationObserver, OperationRequest } from './operation.ts';

/** Emits what happens to the operations of all transports. */
export class OperationEvents implements OperationHook {
  readonly #events: EventEmitter;
  readonly #clock: Clock;

  constructor(events: EventEmitter, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  onOperation({ transport }: OperationRequest): OperationObserver | undefined {
    if (!this.#isHeard()) return undefined;
    return new EmittingObserver(this.#events, this.#clock, transport);
  }

  /** Written out: it runs for each operation. */
  #isHeard(): boolean {
    const events = this.#events;
    return (
      events.hears('operation') ||
      events.hears('subscription:open') ||
      events.hears('subscription:message') ||
      events.hears('subscription:end') ||
      events.hears('client:slow')
    );
  }
}

/** Emits the events of one operation. */
class EmittingObserver implements OperationObserver {
  readonly #events: EventEmitter;
  readonly #clock: Clock;
  readonly #transport: OperationTransport;
  readonly #startedAt: number;
  #plan: OperationPlan | null = null;
  #openedAt = 0;
  #delivered = 0;

  constructor(events: EventEmitter, clock: Clock, transport: OperationTransport) {
    this.#events = events;
    this.#clock = clock;
    this.#transport = transport;
    this.#startedAt = clock.now();
  }

  onPlan(plan: OperationPlan): void {
    this.#plan = plan;
  }

  onResult({ data, errors = [] }: ExecutionResult): void {
    const outcome = data === undefined ? 'refused' : errors.length > 0 ? 'error' : 'ok';
    this.#emitOperation(outcome, codeOf(errors));
  }

  onOpen(): void {
    this.#openedAt = this.#clock.now();
    this.#emitOperation('ok', null);
    this.#events.emit('subscription:open', this.#subscription);
  }

  onEvent(_: ExecutionResult, occurred: SubscriptionEvent): void {
    this.#delivered += 1;
    if (!this.#events.hears('subscription:message')) return;
    const job = typeof occurred === 'string' ? null : occurred;
    this.#events.emit('subscription:message', { ...this.#subscription, job, at: this.#clock.now() });
  }

  onSkip(): void {
    this.#events.emit('client:slow', { transport: this.#transportOf(), consequence: 'skipped' });
  }

  onEnd(error: Error | null, reason: SubscriptionEndEvent['reason']): void {
    if (error instanceof SlowSubscriberError) {
      this.#events.emit('client:slow', { transport: this.#transportOf(), consequence: 'closed' });
    }
    const durationMs = this.#clock.now() - this.#openedAt;
    this.#events.emit('subscription:end', {
      ...this.#subscription,
      events: this.#delivered,
      durationMs,
      reason,
    });
  }

  get #subscription() {
    return { field: this.#plan?.rootFields[0] ?? '', transport: this.#transportOf() };
  }

  /** A subscription by HTTP is a stream of events. */
  #transportOf(): OperationTransport {
    return this.#transport === 'http' && this.#plan?.kind === OperationTypeNode.SUBSCRIPTION
      ? 'event-stream'
      : this.#transport;
  }

  #emitOperation(outcome: 'ok' | 'error' | 'refused', errorCode: string | null): void {
    if (!this.#events.hears('operation')) return;
    this.#events.emit('operation', {
      kind: this.#plan?.kind ?? null,
      fields: this.#plan?.rootFields ?? [],
      transport: this.#transportOf(),
      outcome,
      errorCode,
      startedAt: this.#startedAt,
      durationMs: this.#clock.now() - this.#startedAt,
    });
  }
}

/** Emits an operation that was refused before anything was known of it. */
export function emitRefusedOperation(
  events: EventEmitter,
  clock: Pick<Clock, 'now'>,
  transport: OperationTransport,
  errors: readonly GraphQLError[],
): void {
  events.emit('operation', {
    kind: null,
    fields: [],
    transport,
    outcome: 'refused',
    errorCode: codeOf(errors),
    startedAt: clock.now(),
    durationMs: 0,
  });
}

function codeOf([first]: readonly GraphQLError[]): string | null {
  const code = first?.extensions['code'];
  return typeof code === 'string' ? code : null;
}
