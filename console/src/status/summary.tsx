import type { ReactNode } from 'react';
import { duration } from '../jobs/times.ts';
import type { GatewayJobPhase, GatewayRole } from './documents.ts';
import type { GatewayStatus } from './use-status.ts';
import { relative, upcoming } from './verdict.ts';

interface SummaryProps {
  readonly status: GatewayStatus;
  /** The gateway's time, in epoch milliseconds. */
  readonly now: number;
}

/** The names of the phases. */
export const PHASES: Readonly<Record<GatewayJobPhase, string>> = {
  ACCEPTED: 'Accepted',
  SUBMITTING: 'Being sent',
  SETTLING: 'Answer lost',
  QUEUED: 'Upstream queue',
  PROCESSING: 'In progress',
  COLLECTING: 'Being fetched',
};

const ROLES: Readonly<Record<GatewayRole, string>> = {
  ALL: 'serves and moves jobs',
  API: 'serves',
  POLLER: 'moves jobs',
};

/** The figures of the gateway. */
export function Summary({ status, now }: SummaryProps) {
  const { backlog, budget, instances } = status;
  // The backlog may be some seconds older than the list.
  const unreadable = Math.max(backlog.quarantinedRecords, status.quarantinedRecords.length);
  return (
    <>
      <dl className="tiles">
        <Tile name="Unfinished jobs">{backlog.unfinishedJobs}</Tile>
        <Tile
          name="Due now"
          note={
            backlog.oldestDueAt === null ? '' : `since ${duration(now - Date.parse(backlog.oldestDueAt))}`
          }
        >
          {backlog.dueJobs}
        </Tile>
        <Tile name="Upstream calls" note={callsNote(budget, now)}>
          {budget.remainingCalls === null ? 'No limit' : `${budget.remainingCalls} left`}
        </Tile>
        <Tile
          name="Circuit"
          note={
            budget.nextProbeAt === null
              ? failures(budget.failuresInARow)
              : `probe ${upcoming(budget.nextProbeAt, now)}`
          }
        >
          {budget.isCircuitOpen ? 'Open' : 'Closed'}
        </Tile>
        <Tile name="Archive tasks due">{backlog.dueFileTasks}</Tile>
        <Tile name="Webhooks waiting">{backlog.waitingDeliveries}</Tile>
        <Tile name="Unreadable records">{unreadable}</Tile>
      </dl>
      <div className="status-groups">
        <Group title="Jobs by phase" empty="No unfinished jobs.">
          {backlog.phases
            .filter(({ jobs }) => jobs > 0)
            .map(({ phase, jobs }) => (
              <Pair key={phase} name={PHASES[phase]} value={jobs} />
            ))}
        </Group>
        <Group title="Jobs by owner" empty="No unfinished jobs.">
          {backlog.owners.map(({ ownerId, unfinishedJobs }) => (
            <Pair key={ownerId} name={ownerId} value={unfinishedJobs} />
          ))}
        </Group>
        <Group title="Instances" empty="No instance is known.">
          {instances.map(({ id, role, version, hostName, startedAt }) => (
            <Pair
              key={id}
              name={hostName}
              value={`${ROLES[role]} · ${version} · up for ${duration(now - Date.parse(startedAt))}`}
            />
          ))}
        </Group>
      </div>
    </>
  );
}

function callsNote({ callsPerMinute, share, pausedUntil }: GatewayStatus['budget'], now: number): string {
  if (pausedUntil !== null) return `paused, again ${relative(pausedUntil, now)}`;
  const percent = share < 1 ? `, ${Math.round(share * 100)} % of it after a 429` : '';
  return callsPerMinute === null ? '' : `of ${callsPerMinute} a minute${percent}`;
}

function failures(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '1 call without an answer' : `${count} calls without an answer`;
}

interface TileProps {
  readonly name: string;
  readonly note?: string;
  readonly children: ReactNode;
}

function Tile({ name, note = '', children }: TileProps) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong> <span className="muted">{note}</span>
      </dd>
    </div>
  );
}

interface GroupProps {
  readonly title: string;
  /** Shown instead of an empty list. */
  readonly empty: string;
  readonly children: readonly ReactNode[];
}

function Group({ title, empty, children }: GroupProps) {
  return (
    <section>
      <h2>{title}</h2>
      {children.length === 0 ? <p className="muted">{empty}</p> : <dl className="pairs">{children}</dl>}
    </section>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={typeof value === 'number' ? 'count' : undefined}>{value}</dd>
    </div>
  );
}
