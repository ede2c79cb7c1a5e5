import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startApp } from '../../../src/app.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { GatewayEvents } from '../../../src/events/gateway-events.ts';
import { GatewayLog } from '../../../src/telemetry/logs/gateway-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { graphql } from '../../support/gateway/http.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { acceptedJob } from '../../support/jobs.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';

/** A log of events, with the lines that it has written. */
function listen(level = 'info') {
  const events = new GatewayEvents();
  const clock = new FakeClock();
  const { logger, lines } = linesOf(level);
  return { events, clock, lines, log: new GatewayLog(logger, clock, events) };
}

function linesOf(level: string) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  return { lines, logger: pino({ level, base: null, timestamp: false }, { write }) };
}

const [DEBUG, INFO, WARN] = [20, 30, 40];

it('a job that ended has one line with its numbers', () => {
  const { events, lines } = listen();
  const metrics = { queueSeconds: 1, inferenceSeconds: 40, costUsd: 0.12 };
  const job = acceptedJob({ phase: 'completed', version: 7, upstreamId: 'up-1', finishedAt: NOON, metrics });
  const numbers = { waitedMs: 1500, polls: 4, detectionDelayMs: 250, durationRatio: 1.1 };
  events.emit('job:ended', { job, ...numbers });
  expect(lines).toEqual([
    {
      level: INFO,
      part: 'poller',
      jobId: job.id,
      upstreamId: job.upstreamId,
      phase: 'completed',
      version: job.version,
      ...numbers,
      costUsd: 0.12,
      msg: 'job completed',
    },
  ]);
});

it.each([
  ['canceled', 'CANCELED', INFO, 'the job was canceled before it was sent'],
  ['failed', 'GENERATION_FAILED', WARN, 'job failed'],
] as const)('so has a job that was %s', (_, code, level, msg) => {
  const { events, lines } = listen();
  const failure = { code, message: 'Why.', retryable: false, charged: 'NO' } as const;
  const job = acceptedJob({ phase: 'failed', finishedAt: NOON, failure });
  const numbers = { waitedMs: null, polls: 0, detectionDelayMs: null, durationRatio: null };
  events.emit('job:ended', { job, ...numbers });
  expect(lines).toMatchObject([{ level, jobId: job.id, ...numbers, costUsd: null, msg }]);
});

it.each(['info', 'debug'])(
  'while jobs wait for the budget, there is one line a minute at level %s',
  async (level) => {
    const { events, clock, lines } = listen(level);
    for (let second = 0; second < 150; second += 1) {
      events.emit('budget:waiting', { limitedBy: 'rate-limit', jobs: second + 1 });
      events.emit('budget:waiting', { limitedBy: 'rate-limit', jobs: 0 });
      await clock.advance(SECOND);
    }
    const msg = 'jobs are waiting for the rate limit';
    expect(lines).toMatchObject([
      { level: INFO, msg, jobs: 1 },
      { level: INFO, msg, jobs: 60, repeated: 59 },
      { level: INFO, msg, jobs: 120, repeated: 60 },
    ]);
  },
);

it('faults that repeat are counted for ten seconds, refusals for a minute', async () => {
  const { events, clock, lines } = listen();
  for (let second = 0; second < 12; second += 1) {
    events.emit('fault', { part: 'store', level: 'warn', message: 'away', details: { second } });
    events.emit('fault', { part: 'server', level: 'info', message: 'refused', details: { second } });
    await clock.advance(SECOND);
  }
  expect(lines.map(({ level, part, second, repeated }) => [level, part, second, repeated])).toEqual([
    [WARN, 'store', 0, undefined],
    [INFO, 'server', 0, undefined],
    [WARN, 'store', 9, 9],
  ]);
  await clock.advance(MINUTE);
  expect(lines.at(-1)).toMatchObject({ part: 'server', second: 11, repeated: 11 });
});

it('a connection that is opened has no line, one that is lost has one', () => {
  const { events, lines } = listen();
  for (const connection of ['commands', 'subscriber'] as const) {
    events.emit('store:connection', { connection, state: 'connected', reason: null });
    events.emit('store:connection', { connection, state: 'lost', reason: 'reset' });
  }
  expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
    ['the connection to Redis was lost; connecting again', 'reset'],
    ['the subscriber connection to Redis was lost; connecting again', 'reset'],
  ]);
});

it.each([
  ['debug', 3],
  ['info', 0],
])('at level %s, three requests have %i lines', async (level, count) => {
  using folder = tempFolder();
  const { logger, lines } = linesOf(level);
  const settings = { PORT: '0', DATA_DIR: folder.path, SANDBOX: 'true', ARCHIVE: 'off' };
  await using app = await startApp(parseConfig(settings), logger, new AbortController().signal);
  await (await fetch(`${app.url}/healthz`)).text();
  await graphql(app.url, '{ one: __typename }');
  using client = await WsClient.connect(app.url);
  client.subscribe('1', '{ two: __typename, nothing }');
  await client.refusal('1');
  const requests = () => lines.filter((line) => line['level'] === DEBUG && line['part'] === 'server');
  await expect.poll(() => requests().length, { timeout: 30_000 }).toBe(count);
  if (count === 0) return;
  expect(requests()).toMatchObject([
    { msg: 'request', method: 'GET', route: '/healthz', status: 200 },
    { msg: 'request', method: 'POST', route: '/graphql', status: 200 },
    { msg: 'operation', transport: 'websocket', outcome: 'refused', errorCode: 'GRAPHQL_VALIDATION_FAILED' },
  ]);
});
