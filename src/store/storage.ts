import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { FollowingClock } from '../process/clocks.ts';
import type { AccountCredits } from './account-credits.ts';
import type { BacklogReader } from './backlog.ts';
import type { CallBudget } from './call-budget.ts';
import type { DurationStore } from './durations.ts';
import type { FileTasks } from './file-tasks.ts';
import type { Instances } from './instances.ts';
import type { JobCache, JobStore } from './job-store.ts';
import type { OperatorActions } from './operator-actions.ts';
import type { OwnerRate } from './owner-rate.ts';
import type { RegisteredDocuments } from './registered-documents.ts';
import type { SharedText } from './shared-text.ts';
import type { Submissions } from './submissions.ts';
import type { WebhookDeliveries } from './webhook-deliveries.ts';

/** The stored state. In Redis, all instances share it. */
export interface Storage {
  readonly store: JobStore;
  /** Recently used jobs of the store; null when other processes write to it as well. */
  readonly cache: JobCache | null;
  readonly submissions: Submissions;
  readonly fileTasks: FileTasks;
  readonly backlog: BacklogReader;
  readonly operatorActions: OperatorActions;
  readonly instances: Instances;
  readonly deliveries: WebhookDeliveries;
  readonly budget: CallBudget;
  readonly durations: DurationStore;
  /** The credits of the upstream account. */
  readonly credits: AccountCredits;
  /** Documents of automatic persisted queries. */
  readonly documents: RegisteredDocuments;
  /** The secrets that sign job tokens. */
  readonly jobTokenSecrets: SharedText;
  /** The secret that signs the URLs of videos. */
  readonly videoUrlSecret: SharedText;
  /** The place of the archive at the last start of a process that moves jobs. */
  readonly archivePlace: SharedText;
  /** Rate limit of `generateVideo`. */
  readonly ownerRate: OwnerRate;
  /** Rate limit of `uploadImage`: the same limit with its own count. */
  readonly uploadRate: OwnerRate;
}

/** Options of both engines. */
export interface StorageOptions {
  readonly config: Config;
  /** Follows the clock of Redis once connected, so that all instances have the same time. */
  readonly clock: FollowingClock;
  /** For what the operator reads once, at the start. */
  readonly log: Logger;
  readonly events: EventEmitter;
}
