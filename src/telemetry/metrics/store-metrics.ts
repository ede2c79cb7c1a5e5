import type { GatewayEvents } from '../../events/gateway-events.ts';
import { boundedLabel } from './bounded-label.ts';
import { type Instruments, REQUEST_BUCKETS, STORE_BUCKETS } from './instruments.ts';

/** The methods of the ports. */
const MAX_OPERATIONS = 100;
const MAX_MESSAGES = 150;

/** Counts the calls to the store, work on files and webhooks, and the faults that the log reports. */
export function countStore(
  events: Pick<GatewayEvents, 'on'>,
  instruments: Instruments,
  system: 'sqlite' | 'redis',
): void {
  const operation = boundedLabel(MAX_OPERATIONS);
  const calls = instruments.histogram(
    {
      name: 'db_client_operation_duration_seconds',
      help: 'Duration of calls to the store. error_type is empty for those that succeeded.',
      labels: ['db_system_name', 'db_operation_name', 'error_type'],
    },
    STORE_BUCKETS,
  );
  events.on('store:call', (call) => {
    calls.observe(
      {
        db_system_name: call.system,
        db_operation_name: operation(call.operation),
        error_type: call.ok ? '' : 'unavailable',
      },
      call.durationMs / 1000,
    );
  });
  const connected = instruments.gauge({
    name: 'reelgate_store_connected',
    help: '1 while the connection to Redis is up. The embedded store has no connection.',
    labels: ['connection'],
  });
  const losses = instruments.counter({
    name: 'reelgate_store_connection_losses_total',
    help: 'Lost connections to Redis.',
    labels: ['connection'],
  });
  if (system === 'redis') {
    for (const connection of ['commands', 'subscriber'] as const) {
      connected.set({ connection }, 1);
      losses.inc({ connection }, 0);
    }
  }
  events.on('store:connection', ({ connection, state }) => {
    connected.set({ connection }, state === 'connected' ? 1 : 0);
    if (state === 'lost') losses.inc({ connection });
  });
  const unreadable = instruments.counter({
    name: 'reelgate_unreadable_records_total',
    help: 'Records that this process found to be unreadable.',
  });
  events.on('store:unreadable', () => unreadable.inc());
  countFiles(events, instruments);
  const message = boundedLabel(MAX_MESSAGES);
  const faults = instruments.counter({
    name: 'reelgate_faults_total',
    help: 'Faults that the gateway continues after, by the beginning of the message of the log.',
    labels: ['part', 'level', 'message'],
  });
  events.on('fault', ({ part, level, ...fault }) =>
    faults.inc({ part, level, message: message(beginningOf(fault.message)) }),
  );
}

/** The first clause of a message: reasons and figures, which differ each time, come after it. */
function beginningOf(message: string): string {
  return message.split(/ \(|[:;.] /, 1)[0] ?? message;
}

function countFiles(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const archived = instruments.histogram(
    {
      name: 'reelgate_archive_duration_seconds',
      help: "Duration of the archiver's work on a file by outcome: stored, deleted, retry after a failure, or lost when the video cannot be had any more.",
      labels: ['outcome'],
    },
    [...REQUEST_BUCKETS, 30, 60, 300],
  );
  for (const outcome of ['stored', 'retry', 'lost', 'deleted'] as const) archived.zero({ outcome });
  const bytes = instruments.counter({
    name: 'reelgate_archive_bytes_total',
    help: 'Bytes of the videos that were stored in the archive.',
  });
  events.on('archive', ({ outcome, durationMs, ...file }) => {
    archived.observe({ outcome }, durationMs / 1000);
    if (outcome === 'stored') bytes.inc(file.bytes ?? 0);
  });
  const deliveries = instruments.histogram(
    {
      name: 'reelgate_webhook_attempt_duration_seconds',
      help: 'Duration of attempts to deliver a webhook by outcome: delivered, retry, or failed when it is given up, also without a last attempt.',
      labels: ['outcome'],
    },
    REQUEST_BUCKETS,
  );
  for (const outcome of ['delivered', 'retry', 'failed'] as const) deliveries.zero({ outcome });
  events.on('delivery', ({ outcome, durationMs }) => deliveries.observe({ outcome }, durationMs / 1000));
}
