import {
  MAX_COUNTED,
  MAX_OWNERS,
  type Backlog,
  type OwnerUse,
  type QuarantinedRecord,
} from '../../store/backlog.ts';
import { type Instance, MAX_INSTANCES } from '../../store/instances.ts';
import type { Builder } from '../builder.ts';
import { requireOwner } from '../context.ts';
import { ERROR_BYTES, shortError } from '../short-error.ts';
import { defineCallBudget } from './call-budget.ts';
import { defineFailingDelivery } from './failing-delivery.ts';
import { explainWaits, type GatewayJobTypes, OWNER_BYTES } from './gateway-job.ts';

/** How many values reading a list of the store counts as, in addition to the values in it. */
const READ_COST = 50;
/** Entries of a list. */
const MAX_ENTRIES = 20;

const COUNTED = MAX_COUNTED.toLocaleString('en');

const PHASES = ['accepted', 'submitting', 'settling', 'queued', 'processing', 'collecting'] as const;

/** Adds `Query.gatewayStatus`. It is for operators, so routers do not offer it. */
export function defineGatewayStatus(builder: Builder, { Job, Phase }: GatewayJobTypes): void {
  const Budget = defineCallBudget(builder);
  const FailingDelivery = defineFailingDelivery(builder);
  const Instance = defineInstance(builder);
  const BacklogType = defineBacklog(builder, Phase);
  const Quarantined = builder.objectRef<QuarantinedRecord>('GatewayQuarantinedRecord').implement({
    description: 'The record of a job that cannot be read. The job rests until the record is repaired.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'The job’s id.' }),
      error: t.string({
        description: 'Why it cannot be read.',
        extensions: { maxBytes: ERROR_BYTES },
        resolve: ({ error }) => recordError(error),
      }),
    }),
  });
  const Status = builder.objectRef<{ readonly at: number }>('GatewayStatus').implement({
    description:
      'The state of the gateway, of all instances together. Each field is read when it is selected.',
    fields: (t) => ({
      at: t.expose('at', { type: 'DateTime', description: 'The gateway’s time of this answer.' }),
      backlog: t.field({
        type: BacklogType,
        description: 'The work that waits, as it was some seconds ago at most.',
        extensions: { cost: READ_COST },
        resolve: async (_, _args, { services: { operator } }) => {
          const [work, waitingDeliveries] = await Promise.all([
            operator.backlog.read(),
            operator.deliveries.countWaiting(),
          ]);
          return { ...work, waitingDeliveries };
        },
      }),
      budget: t.field({
        type: Budget,
        description: 'The calls that the upstream allows, and its circuit breaker.',
        resolve: (_, _args, { services: { operator } }) => operator.budget.status(),
      }),
      instances: t.field({
        type: [Instance],
        description:
          'The running processes, the earliest start first. One that was killed is listed for up to 35 seconds.',
        extensions: { maxLength: MAX_INSTANCES },
        resolve: (_, _args, { services: { operator, clock } }) => operator.instances.list(clock.now()),
      }),
      oldestJobs: t.field({
        type: [Job],
        description: `The unfinished jobs that end first by their deadline, at most ${MAX_ENTRIES}: with one deadline for all, the oldest.`,
        extensions: { cost: READ_COST, maxLength: MAX_ENTRIES },
        resolve: async (_, _args, { services }) =>
          explainWaits(services, await services.operator.backlog.findNearestEnd(MAX_ENTRIES)),
      }),
      quarantinedRecords: t.field({
        type: [Quarantined],
        description: `Records that cannot be read, ordered by id, at most ${MAX_ENTRIES}.`,
        extensions: { cost: READ_COST, maxLength: MAX_ENTRIES },
        resolve: (_, _args, { services: { operator } }) => operator.backlog.findQuarantined(MAX_ENTRIES),
      }),
      failingDeliveries: t.field({
        type: [FailingDelivery],
        description: `Webhook deliveries whose last attempt failed or was postponed, the newest job first, at most ${MAX_ENTRIES}.`,
        extensions: { cost: READ_COST, maxLength: MAX_ENTRIES },
        resolve: (_, _args, { services: { operator } }) => operator.deliveries.findFailing(MAX_ENTRIES),
      }),
    }),
  });
  builder.queryField('gatewayStatus', (t) =>
    t.field({
      type: Status,
      nullable: true,
      description:
        'The state of the gateway for operators: what waits and why. It has no prompts. Needs the scope `gateway:admin`.',
      resolve: (_, _args, { caller, services: { clock } }) => {
        requireOwner(caller, 'gateway:admin');
        return { at: clock.now() };
      },
    }),
  );
}

/** @returns a sentence without the text of the record, which may have a prompt: errors of the JSON parser quote it */
export function recordError(error: string): string {
  if (error.startsWith('SyntaxError')) return 'The record is not valid JSON.';
  const text = shortError(error.replace(/^\w*Error: /, ''));
  return text.endsWith('.') ? text : `${text}.`;
}

function defineInstance(builder: Builder) {
  const Role = builder.enumType('GatewayRole', {
    description: 'What an instance does, by its setting `ROLE`.',
    values: {
      ALL: { value: 'all', description: 'It serves clients and moves jobs.' },
      API: { value: 'api', description: 'It serves clients only.' },
      POLLER: { value: 'poller', description: 'It moves jobs only.' },
    } as const,
  });
  return builder.objectRef<Instance>('GatewayInstance').implement({
    description: 'A running process of the gateway.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Random, new with each start.' }),
      role: t.expose('role', { type: Role, description: 'What it does.' }),
      version: t.exposeString('version', { description: 'The version of the gateway.' }),
      hostName: t.exposeString('hostName', {
        description: 'The name of its machine or container.',
        extensions: { maxBytes: 6 * 255 },
      }),
      startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was started.' }),
    }),
  });
}

function defineBacklog(builder: Builder, Phase: GatewayJobTypes['Phase']) {
  const PhaseCount = builder
    .objectRef<{ readonly phase: (typeof PHASES)[number]; readonly jobs: number }>('GatewayPhaseCount')
    .implement({
      description: 'Unfinished jobs of one phase.',
      fields: (t) => ({
        phase: t.expose('phase', { type: Phase, description: 'The phase.' }),
        jobs: t.exposeInt('jobs', {
          description: 'How many jobs are in it. Estimated when there are thousands.',
        }),
      }),
    });
  const Owner = builder.objectRef<OwnerUse>('GatewayOwnerUse').implement({
    description: 'What an owner has in the gateway.',
    fields: (t) => ({
      ownerId: t.exposeString('ownerId', {
        description: 'The owner.',
        extensions: { maxBytes: OWNER_BYTES },
      }),
      unfinishedJobs: t.int({
        description: 'Its unfinished jobs. Estimated when there are thousands.',
        resolve: ({ unfinished }) => unfinished,
      }),
    }),
  });
  return builder.objectRef<Backlog & { readonly waitingDeliveries: number }>('GatewayBacklog').implement({
    description: 'The work that waits, of all owners.',
    fields: (t) => ({
      unfinishedJobs: t.int({
        description: 'Jobs that have not ended.',
        resolve: ({ unfinished }) => unfinished,
      }),
      phases: t.field({
        type: [PhaseCount],
        description: 'The unfinished jobs by phase.',
        extensions: { maxLength: PHASES.length },
        resolve: ({ unfinishedByPhase }) =>
          PHASES.map((phase) => ({ phase, jobs: unfinishedByPhase[phase] })),
      }),
      owners: t.expose('owners', {
        type: [Owner],
        description: `The owners with the most unfinished jobs, at most ${MAX_OWNERS}.`,
        extensions: { maxLength: MAX_OWNERS },
      }),
      dueJobs: t.int({
        description: `Jobs whose next step is due and that no poller holds. More than ${COUNTED} are not counted.`,
        resolve: ({ jobs }) => jobs.due,
      }),
      oldestDueAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'Since when one of them is due; null: none is.',
        resolve: ({ jobs }) => jobs.oldestDueAt,
      }),
      dueFileTasks: t.int({
        description: `Videos that the archive has to fetch or to delete now. More than ${COUNTED} are not counted.`,
        resolve: ({ fileTasks }) => fileTasks.due,
      }),
      waitingDeliveries: t.exposeInt('waitingDeliveries', {
        description: `Webhook deliveries that wait for an attempt. The embedded store counts at most ${COUNTED}.`,
      }),
      quarantinedRecords: t.int({
        description: 'Records that cannot be read.',
        resolve: ({ quarantined }) => quarantined,
      }),
    }),
  });
}
