import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GatewayEventMap,
  type GatewayEventName,
  GatewayEvents,
} from '../../../src/events/gateway-events.ts';
import { SharedCallBudget } from '../../../src/store/call-budget.ts';
import { SqliteBacklog } from '../../../src/store/sqlite/sqlite-backlog.ts';
import { SqliteDeliveries } from '../../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteSharedText } from '../../../src/store/sqlite/sqlite-shared-text.ts';
import { GatewayMetrics } from '../../../src/telemetry/metrics/gateway-metrics.ts';
import { type OpenedSqlite, openSqlite } from '../../store/sqlite/open-sqlite.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, changedJob, failed } from '../../support/jobs.ts';
import { findProgram, PROMTOOL } from '../../support/process/programs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { samplesOf } from './samples.ts';

const promtool = findProgram(PROMTOOL);

const OPERATION: GatewayEventMap['operation'] = {
  kind: 'query',
  fields: ['videoJob'],
  transport: 'http',
  outcome: 'ok',
  errorCode: null,
  startedAt: NOON,
  durationMs: 30,
};
const REQUEST: GatewayEventMap['request'] = {
  method: 'POST',
  route: '/graphql',
  status: 200,
  durationMs: 12,
  bytes: 100,
};
const CALL: GatewayEventMap['upstream:call'] = {
  call: 'status',
  job: null,
  outcome: 'rate-limited',
  status: 429,
  reason: 'Too many requests',
  upstreamId: null,
  startedAt: NOON,
  durationMs: 80,
};

describe('the metrics', () => {
  let clock: FakeClock;
  let opened: OpenedSqlite;
  let events: GatewayEvents;
  let metrics: GatewayMetrics;
  beforeEach(() => {
    clock = new FakeClock();
    opened = openSqlite({ now: clock.now });
    events = new GatewayEvents();
    const { database, commits, quarantine } = opened.store;
    metrics = new GatewayMetrics({
      events,
      backlog: new SqliteBacklog({ database, quarantine, now: clock.now }),
      deliveries: new SqliteDeliveries(database, commits, quarantine),
      budget: new SharedCallBudget(
        new SqliteSharedText(database, commits, 'call-budget'),
        60,
        clock.now,
        events,
      ),
      hasArchive: true,
      now: () => clock.now(),
      systemNow: () => NOON,
      role: 'all',
      system: 'redis',
      model: 'a-model',
      priceUsd: 0.5,
    });
  });
  afterEach(async () => {
    metrics[Symbol.dispose]();
    await opened[Symbol.asyncDispose]();
  });

  async function valuesOf(name: string): Promise<Record<string, number>> {
    return samplesOf(await metrics.render('prometheus'), name);
  }

  function emitAll<N extends GatewayEventName>(name: N, ...all: readonly GatewayEventMap[N][]): void {
    for (const event of all) events.emit(name, event);
  }

  /** Emits events with a text wherever a client could choose it. */
  function emitWith(text: string): void {
    events.emit('operation', { ...OPERATION, fields: [text], outcome: 'error', errorCode: text });
    events.emit('request', { ...REQUEST, method: text, route: text });
    events.emit('subscription:open', { field: text, transport: 'http' });
    events.emit('store:call', { system: 'redis', operation: text, durationMs: 1, ok: true });
    events.emit('fault', { part: 'server', level: 'error', message: text, details: { ownerId: text } });
    events.emit('job:changed', { before: null, job: acceptedJob({ ownerId: text }) });
  }

  async function countSeries(): Promise<number> {
    return (await metrics.render('prometheus')).split('\n').length;
  }

  it('count operations by type, field and outcome, and their errors by code', async () => {
    emitAll(
      'operation',
      OPERATION,
      { ...OPERATION, durationMs: 300 },
      { ...OPERATION, fields: ['videoJob', 'videoJobs'] },
      { ...OPERATION, kind: null, fields: [], outcome: 'refused', errorCode: 'GRAPHQL_PARSE_FAILED' },
    );
    expect(await valuesOf('reelgate_operation_duration_seconds_count')).toEqual({
      'graphql_operation_type="query",field="videoJob",outcome="ok"': 2,
      'graphql_operation_type="query",field="several",outcome="ok"': 1,
      'graphql_operation_type="unknown",field="none",outcome="refused"': 1,
    });
    const sums = await valuesOf('reelgate_operation_duration_seconds_sum');
    expect(sums['graphql_operation_type="query",field="videoJob",outcome="ok"']).toBeCloseTo(0.33);
    expect(await valuesOf('reelgate_operation_errors_total')).toEqual({
      'error_type="GRAPHQL_PARSE_FAILED"': 1,
    });
  });

  it('count requests under the names of OpenTelemetry', async () => {
    emitAll('request', REQUEST, { ...REQUEST, method: 'BREW' }, { ...REQUEST, status: null });
    expect(await valuesOf('http_server_request_duration_seconds_count')).toEqual({
      'http_route="/graphql",http_request_method="POST",http_response_status_code="200"': 1,
      'http_route="/graphql",http_request_method="_OTHER",http_response_status_code="200"': 1,
      'http_route="/graphql",http_request_method="POST",http_response_status_code=""': 1,
    });
    emitAll('store:call', { system: 'redis', operation: 'save', durationMs: 4, ok: true });
    emitAll('store:call', { system: 'redis', operation: 'save', durationMs: 4, ok: false });
    expect(await valuesOf('db_client_operation_duration_seconds_count')).toEqual({
      'db_system_name="redis",db_operation_name="save",error_type=""': 1,
      'db_system_name="redis",db_operation_name="save",error_type="unavailable"': 1,
    });
  });

  it('show sockets, subscriptions and slow clients', async () => {
    const subscription = { field: 'videoJobUpdated', transport: 'websocket' } as const;
    emitAll('socket:open', { code: null, open: 1 }, { code: null, open: 2 });
    emitAll('socket:close', { code: 1000, open: 1 });
    emitAll('subscription:open', subscription, subscription);
    emitAll('subscription:message', { ...subscription, job: null, at: NOON });
    emitAll('subscription:end', { ...subscription, events: 1, durationMs: 5, reason: 'client' });
    emitAll('client:slow', { transport: 'websocket', consequence: 'skipped' });
    const labels = 'field="videoJobUpdated",transport="websocket"';
    expect(await valuesOf('reelgate_websockets')).toEqual({ '': 1 });
    expect(await valuesOf('reelgate_websocket_closes_total')).toEqual({ 'code="1000"': 1 });
    expect(await valuesOf('reelgate_subscriptions')).toEqual({ [labels]: 1 });
    expect(await valuesOf('reelgate_subscription_messages_total')).toEqual({ [labels]: 1 });
    expect(await valuesOf('reelgate_subscription_ends_total')).toEqual({ [`${labels},reason="client"`]: 1 });
    expect(await valuesOf('reelgate_slow_clients_total')).toEqual({
      'transport="websocket",consequence="skipped"': 1,
    });
  });

  it('count the ends of jobs, their money, and the durations of the model', async () => {
    const accepted = acceptedJob();
    const sent = changedJob(accepted, { phase: 'queued', sentAt: NOON, submittedAt: NOON });
    const done = changedJob(sent, {
      phase: 'completed',
      startedAt: NOON,
      finishedAt: NOON + 45 * SECOND,
      metrics: { queueSeconds: 1, inferenceSeconds: 44, costUsd: 0.53 },
    });
    const end = { waitedMs: 700, polls: 9, detectionDelayMs: 1500, durationRatio: 0.95 };
    const unsent = { waitedMs: null, polls: 0, detectionDelayMs: null, durationRatio: null };
    emitAll('job:changed', { before: null, job: accepted }, { before: accepted, job: sent });
    emitAll(
      'job:ended',
      { ...end, job: done },
      { ...end, job: failed(sent, NOON + MINUTE, 'NO') },
      { ...end, job: failed(sent, NOON + MINUTE, 'UNKNOWN') },
      { ...unsent, job: failed(accepted, NOON + MINUTE, 'NO') },
    );
    expect(await valuesOf('reelgate_job_transitions_total')).toEqual({
      'phase="accepted"': 1,
      'phase="queued"': 1,
    });
    expect(await valuesOf('reelgate_jobs_ended_total')).toEqual({
      'phase="completed",error_type=""': 1,
      'phase="failed",error_type="GENERATION_FAILED"': 3,
    });
    expect(await valuesOf('reelgate_job_charges_total')).toEqual({
      'charge="charged"': 1,
      'charge="returned"': 1,
      'charge="unknown"': 1,
      'charge="none"': 1,
    });
    expect(await valuesOf('reelgate_cost_usd_total')).toEqual({
      'charge="charged"': 0.53,
      'charge="returned"': 0.5,
      'charge="unknown"': 0.5,
    });
    const model =
      'gen_ai_operation_name="generate_content",gen_ai_provider_name="segmind",gen_ai_request_model="a-model"';
    expect(await valuesOf('gen_ai_client_operation_duration_seconds_sum')).toEqual({
      [`${model},error_type=""`]: 45,
      [`${model},error_type="GENERATION_FAILED"`]: 120,
    });
    expect(await valuesOf('reelgate_job_polls_sum')).toEqual({ '': 27 });
    expect(await valuesOf('reelgate_job_detection_delay_seconds_count')).toEqual({ '': 3 });
    expect(await valuesOf('reelgate_job_duration_ratio_count')).toEqual({ '': 3 });
  });

  it('show calls to the upstream, and jobs that wait for one', async () => {
    emitAll('upstream:call', CALL, { ...CALL, outcome: 'unreachable', status: null });
    expect(await valuesOf('reelgate_upstream_call_duration_seconds_count')).toEqual({
      'call="status",outcome="rate-limited"': 1,
      'call="status",outcome="unreachable"': 1,
    });
    expect(await valuesOf('reelgate_upstream_answers_total')).toEqual({
      'call="status",http_response_status_code="429"': 1,
    });
    emitAll('budget:waiting', { limitedBy: 'rate-limit', jobs: 6 });
    expect(await valuesOf('reelgate_budget_waiting_jobs')).toEqual({ 'limited_by="rate-limit"': 6 });
    emitAll('budget:waiting', { limitedBy: 'rate-limit', jobs: 0 });
    expect(await valuesOf('reelgate_budget_waiting_jobs')).toEqual({});
  });

  it('show how far the gateway and the machine disagree about the time', async () => {
    expect(await valuesOf('reelgate_clock_offset_seconds')).toEqual({ '': 0 });
    clock.jump(MINUTE);
    expect(await valuesOf('reelgate_clock_offset_seconds')).toEqual({ '': 60 });
  });

  it('show the connections to Redis, faults and unreadable records', async () => {
    const lost = { state: 'lost', reason: 'gone' } as const;
    emitAll('store:connection', { connection: 'commands', ...lost });
    expect(await valuesOf('reelgate_store_connected')).toEqual({
      'connection="subscriber"': 1,
    });
    expect(await valuesOf('reelgate_store_connection_losses_total')).toEqual({ 'connection="commands"': 1 });
    emitAll('store:connection', { connection: 'subscriber', ...lost });
    emitAll('store:connection', { connection: 'subscriber', state: 'connected', reason: null });
    emitAll('store:connection', { connection: 'subscriber', ...lost });
    expect(await valuesOf('reelgate_store_connection_losses_total')).toEqual({
      'connection="commands"': 1,
      'connection="subscriber"': 2,
    });
    const fault = { part: 'poller', level: 'warn', details: {} } as const;
    for (const ms of [5, 8]) emitAll('fault', { ...fault, message: `a call failed (${ms} ms); again` });
    expect(await valuesOf('reelgate_faults_total')).toEqual({
      'part="poller",level="warn",message="a call failed"': 2,
    });
    emitAll('store:unreadable', { id: 'vj_1', error: new Error('broken') });
    expect(await valuesOf('reelgate_unreadable_records_total')).toEqual({ '': 1 });
  });

  it('have a bounded number of series, whatever the texts of the events', async () => {
    for (let index = 0; index < 200; index += 1) emitWith(`text-${index}`);
    const before = await countSeries();
    for (let index = 200; index < 1200; index += 1) emitWith(`text-${index}`);
    expect(await countSeries()).toBe(before);
  });

  it('are all documented, and no others', async () => {
    const text = await metrics.render('prometheus');
    const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name);
    const section = /^## Metrics$.*?^## /ms.exec(readFileSync('docs/operations.md', 'utf8'))?.[0] ?? '';
    const documented = section
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => line.split(' | ', 1)[0]?.match(/\w+_\w+/g) ?? []);
    expect(documented.filter(isInFull).toSorted()).toEqual(names.filter(isInFull).toSorted());
  });

  it.skipIf(promtool === null)('are correct for promtool', async () => {
    emitAll('operation', OPERATION);
    emitAll('upstream:call', CALL);
    const input = await metrics.render('prometheus');
    const { status, stdout, stderr } = spawnSync(promtool ?? '', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    expect([status, stdout + stderr]).toEqual([0, '']);
  });
});

/** Whether the documentation names a metric in full, not only with its prefix. */
function isInFull(name: string): boolean {
  return !/^(?:process|nodejs_eventloop)_/.test(name);
}
