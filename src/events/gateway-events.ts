/**
 * What happens in the gateway, as one typed map of events. The parts of the gateway emit; logs, metrics and traces only listen, so a part
 * knows none of them. Times are epoch milliseconds of the gateway's clock; durations are milliseconds. Values with a bounded number of
 * different texts are marked "bounded" and may become labels of metrics; the others must not.
 */
import type { Job } from '../domain/job/job.ts';
import type {
  OperationEvent,
  SubscriptionEvent,
  SubscriptionEndEvent,
  SubscriberMessageEvent,
  SocketEvent,
  SlowClientEvent,
  RequestEvent,
} from './client-events.ts';

/** A job was created, or its next version was stored. Emitted by the instance that stored it, once for each version. */
export interface JobChangeEvent {
  /** Null: the job is new. */
  readonly before: Job | null;
  readonly job: Job;
}

/** A job ended. Emitted once, by the instance that stored its final version, after its `job:changed`. */
export interface JobEndEvent {
  readonly job: Job;
  /** From its creation until the upstream had accepted it; null: the upstream never did. */
  readonly waitedMs: number | null;
  /** Status calls of all instances. */
  readonly polls: number;
  /**
   * Estimate of the time from the end at the upstream to its detection. The upstream does not tell when it ended, so this is half of the
   * time between the last poll that showed the job as not done and the one that showed it as done. Null: no poll showed an end.
   */
  readonly detectionDelayMs: number | null;
  /**
   * Duration of a completed job, without the delay of its detection, divided by the median of its last forecast; null: there was no
   * forecast, it failed, or the delay is longer than half of that median.
   */
  readonly durationRatio: number | null;
}

/** A job of this process' poller could not be stored as planned. */
export interface JobLostEvent {
  /** As the poller last knew it. */
  readonly job: Job;
  /** `missing`: the store no longer has it. `superseded`: another poller was faster. Bounded. */
  readonly reason: 'missing' | 'superseded';
}

/** The poller found due jobs, and leased those that it had calls for. */
export interface ClaimEvent {
  /** Calls that it asked the budget for, and got. */
  readonly wanted: number;
  readonly granted: number;
  readonly leased: number;
  /** Milliseconds for which the longest due job was due, whether it was leased or not. */
  readonly latenessMs: number;
  readonly durationMs: number;
}

/** A step of a job began. */
export interface StepStartEvent {
  readonly job: Job;
  readonly startedAt: number;
  /** Consecutive failed steps before this one. */
  readonly failureCount: number;
}

/** A step of a job ended. */
export interface StepEndEvent {
  /** As it was at the start. */
  readonly before: Job;
  /** As far as it is known. */
  readonly job: Job;
  /** `unchanged`: nothing new was stored. Bounded. */
  readonly outcome: 'saved' | 'unchanged' | 'superseded' | 'missing' | 'failed';
  readonly startedAt: number;
  readonly durationMs: number;
  /** Why it failed. Only with `failed`. */
  readonly error?: unknown;
}

/** A call to the upstream. Bounded. */
export type UpstreamCallName = 'submit' | 'status' | 'result' | 'history' | 'lookup' | 'credits' | 'upload';

/** A call to the upstream ended. */
export interface UpstreamCallEvent {
  readonly call: UpstreamCallName;
  /** The job it was made for; null: none. */
  readonly job: Job | null;
  /** `answered`: with a result, also that a job failed. `unreachable`: no connection, or no answer in time. Bounded. */
  readonly outcome: 'answered' | 'refused' | 'rate-limited' | 'error' | 'unreachable' | 'lost';
  /** HTTP status; null: no answer. */
  readonly status: number | null;
  /** Without secrets; null for `answered`. */
  readonly reason: string | null;
  /** The upstream's own id, as far as it is known. */
  readonly upstreamId: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Jobs wait for the budget. Emitted by the poller in each run in which they do, and once when none does any more. */
export interface WaitingEvent {
  readonly limitedBy: 'rate-limit' | 'circuit';
  /** Due jobs that got no call in this run, or that began to wait; at most `MAX_CANDIDATES` of the store. 0: none waits any more. */
  readonly jobs: number;
}

/** This instance opened or closed the circuit to the upstream, for all instances. */
export interface CircuitEvent {
  readonly state: 'open' | 'closed';
}

/** A command of the store ended. */
export interface StoreCallEvent {
  /** `sqlite` or `redis`. Bounded. */
  readonly system: 'sqlite' | 'redis';
  /** The method of the port, such as `save` of the jobs; with the name of the port for another one: `fileTasks.lease`. Bounded. */
  readonly operation: string;
  readonly durationMs: number;
  readonly ok: boolean;
}

/** A connection to Redis was opened or lost. A failed attempt to open it again is not another loss. */
export interface StoreConnectionEvent {
  readonly connection: 'commands' | 'subscriber';
  readonly state: 'connected' | 'lost';
  /** Why it was lost; null for `connected`. */
  readonly reason: string | null;
}

/** A part of the gateway. Bounded. */
export type GatewayPart =
  | 'server'
  | 'poller'
  | 'archiver'
  | 'deliveries'
  | 'store'
  | 'auth'
  | 'upstream'
  | 'watching'
  | 'telemetry';

/** Something failed that the gateway continues after. The log limits repetitions. */
export interface FaultEvent {
  readonly part: GatewayPart;
  /** `debug`: only worth a line when everything is looked at. Bounded. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** One sentence for the operator, the same for each occurrence of one fault. */
  readonly message: string;
  /** `err` is the cause. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A record of the store cannot be read and was quarantined. */
export interface UnreadableRecordEvent {
  readonly id: string;
  readonly error: unknown;
}

/** The archiver stored a video, or failed to. */
export interface ArchiveEvent {
  readonly jobId: string;
  /** As in `Job`; null: unknown. */
  readonly traceparent: string | null;
  /** `lost`: the video cannot be had any more. Bounded. */
  readonly outcome: 'stored' | 'retry' | 'lost' | 'deleted';
  /** Whether this process sees for the first time that the video cannot be had soon, or ever. */
  readonly isNews: boolean;
  readonly bytes: number | null;
  /** Null for `stored` and `deleted`. */
  readonly reason: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** A webhook was sent, the sending failed, or it is given up. */
export interface DeliveryEvent {
  readonly deliveryId: string;
  readonly jobId: string;
  readonly traceparent: string | null;
  /** Host of the target. Not bounded. */
  readonly host: string;
  /** `failed`: it is not tried again. Bounded. */
  readonly outcome: 'delivered' | 'retry' | 'failed';
  /** From 1; null: it is given up without a last attempt. */
  readonly attempt: number | null;
  /** HTTP status; null: no answer. */
  readonly status: number | null;
  /** Null for `delivered`. */
  readonly reason: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** All events by name. */
export interface GatewayEventMap {
  readonly operation: OperationEvent;
  readonly 'subscription:open': SubscriptionEvent;
  readonly 'subscription:message': SubscriberMessageEvent;
  readonly 'subscription:end': SubscriptionEndEvent;
  readonly 'socket:open': SocketEvent;
  readonly 'socket:close': SocketEvent;
  readonly 'client:slow': SlowClientEvent;
  readonly request: RequestEvent;
  readonly 'job:changed': JobChangeEvent;
  readonly 'job:ended': JobEndEvent;
  readonly 'job:lost': JobLostEvent;
  readonly claim: ClaimEvent;
  readonly 'step:start': StepStartEvent;
  readonly 'step:end': StepEndEvent;
  readonly 'upstream:call': UpstreamCallEvent;
  readonly 'budget:waiting': WaitingEvent;
  readonly circuit: CircuitEvent;
  readonly 'store:call': StoreCallEvent;
  readonly 'store:connection': StoreConnectionEvent;
  readonly 'store:unreadable': UnreadableRecordEvent;
  readonly archive: ArchiveEvent;
  readonly delivery: DeliveryEvent;
  readonly fault: FaultEvent;
}

/** The name of an event. */
export type GatewayEventName = keyof GatewayEventMap;

/** It must return at once: it runs within the operation, step or call that the event is about. */
export type GatewayListener<N extends GatewayEventName> = (event: GatewayEventMap[N]) => void;

/** What the parts of the gateway see of the events. */
export interface EventEmitter {
  /** Whether anything listens: an emitter may skip the work of an event that costs more than an object. */
  hears(name: GatewayEventName): boolean;
  /** Calls the listeners in the order in which they were added. Does not throw. */
  emit<N extends GatewayEventName>(name: N, event: GatewayEventMap[N]): void;
}

type Listeners = { [N in GatewayEventName]?: readonly GatewayListener<N>[] };

/** The events of one gateway process. */
export class GatewayEvents implements EventEmitter {
  readonly #listeners: Listeners = {};
  /** Listeners that have thrown. */
  readonly #failed = new Set<object>();

  /** Listeners are added while the gateway is wired, and stay. */
  on<N extends GatewayEventName>(name: N, listener: GatewayListener<N>): void {
    const listeners: Listeners[N] = this.#listeners[name];
    Object.assign(this.#listeners, { [name]: [...(listeners ?? []), listener] });
  }

  hears(name: GatewayEventName): boolean {
    return this.#listeners[name] !== undefined;
  }

  emit<N extends GatewayEventName>(name: N, event: GatewayEventMap[N]): void {
    const listeners: Listeners[N] = this.#listeners[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onThrown(name, listener, error);
      }
    }
  }

  /** A failure of telemetry must not stop a job. Each listener is reported once, also one that fails at this report. */
  #onThrown(event: GatewayEventName, listener: object, error: unknown): void {
    if (this.#failed.has(listener)) return;
    this.#failed.add(listener);
    const message = 'a listener of telemetry failed; its later failures are not reported';
    this.emit('fault', { part: 'telemetry', level: 'error', message, details: { err: error, event } });
  }
}
