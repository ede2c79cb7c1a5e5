import type { GatewayEvents } from '../../events/gateway-events.ts';
import { boundedLabel } from './bounded-label.ts';
import { type Instruments, REQUEST_BUCKETS } from './instruments.ts';

/** The methods that OpenTelemetry knows; others count as `_OTHER`. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);
const TRANSPORTS = ['http', 'event-stream', 'websocket', 'callback'] as const;
const OUTCOMES = ['ok', 'error', 'refused'] as const;
/** Codes of errors that are the gateway's fault: the alerts count them from the first one. */
const GATEWAY_FAULTS = [
  'STORE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'AUTH_UNAVAILABLE',
  'TOO_MANY_ANSWERS',
  'UPLOAD_FAILED',
];
const MAX_FIELDS = 50;
const MAX_CODES = 100;
const MAX_ROUTES = 30;

/** Counts what clients do: HTTP requests, operations, sockets and subscriptions. */
export function countClients(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  countRequests(events, instruments);
  countOperations(events, instruments);
  countSubscriptions(events, instruments);
}

function countRequests(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const route = boundedLabel(MAX_ROUTES);
  const durations = instruments.histogram(
    {
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests; an event stream lasts until it ends. Without a status code the connection ended before the answer.',
      labels: ['http_request_method', 'http_route', 'http_response_status_code'],
    },
    REQUEST_BUCKETS,
  );
  const bytes = instruments.counter({
    name: 'reelgate_http_response_bytes_total',
    help: 'Bytes of HTTP answers, with their heads.',
    labels: ['http_route'],
  });
  events.on('request', (request) => {
    const labels = { http_route: route(request.route) };
    const method = METHODS.has(request.method) ? request.method : '_OTHER';
    const status = request.status === null ? '' : String(request.status);
    durations.observe(
      { ...labels, http_request_method: method, http_response_status_code: status },
      request.durationMs / 1000,
    );
    bytes.inc(labels, request.bytes);
  });
}

function countOperations(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const field = boundedLabel(MAX_FIELDS);
  const code = boundedLabel(MAX_CODES);
  const durations = instruments.histogram(
    {
      name: 'reelgate_operation_duration_seconds',
      help: 'Duration of GraphQL operations, of subscriptions until they are open. The field is the only root field, else several or none.',
      labels: ['graphql_operation_type', 'field', 'outcome'],
    },
    REQUEST_BUCKETS,
  );
  const total = instruments.counter({
    name: 'reelgate_operations_total',
    help: 'GraphQL operations by transport.',
    labels: ['transport', 'outcome'],
  });
  for (const transport of TRANSPORTS) {
    for (const outcome of OUTCOMES) total.inc({ transport, outcome }, 0);
  }
  const errors = instruments.counter({
    name: 'reelgate_operation_errors_total',
    help: 'GraphQL operations with an error, by extensions.code of the first one.',
    labels: ['error_type'],
  });
  for (const fault of GATEWAY_FAULTS) errors.inc({ error_type: code(fault) }, 0);
  events.on('operation', ({ kind, fields, transport, outcome, errorCode, durationMs }) => {
    const [first = 'none', ...others] = fields;
    const labels = {
      graphql_operation_type: kind ?? 'unknown',
      field: others.length === 0 ? field(first) : 'several',
      outcome,
    };
    durations.observe(labels, durationMs / 1000);
    total.inc({ transport, outcome });
    if (outcome !== 'ok') errors.inc({ error_type: code(errorCode ?? 'none') });
  });
}

function countSubscriptions(events: Pick<GatewayEvents, 'on'>, instruments: Instruments): void {
  const field = boundedLabel(MAX_FIELDS);
  const code = boundedLabel(MAX_CODES);
  const labels = ['field', 'transport'] as const;
  const sockets = instruments.gauge({ name: 'reelgate_websockets', help: 'Open WebSockets.' });
  sockets.set(0);
  const closes = instruments.counter({
    name: 'reelgate_websocket_closes_total',
    help: 'Closed WebSockets by close code.',
    labels: ['code'],
  });
  const active = instruments.gauge({
    name: 'reelgate_subscriptions',
    help: 'Open subscriptions.',
    labels,
  });
  const ends = instruments.counter({
    name: 'reelgate_subscription_ends_total',
    help: 'Subscriptions that ended.',
    labels: [...labels, 'reason'],
  });
  const messages = instruments.counter({
    name: 'reelgate_subscription_messages_total',
    help: 'Events that were handed to the transport of a subscriber.',
    labels,
  });
  const slow = instruments.counter({
    name: 'reelgate_slow_clients_total',
    help: 'Clients that read more slowly than the gateway sends: they missed versions in between, or their connection was closed.',
    labels: ['transport', 'consequence'],
  });
  events.on('socket:open', ({ open }) => sockets.set(open));
  events.on('socket:close', (socket) => {
    sockets.set(socket.open);
    closes.inc({ code: code(String(socket.code ?? 1006)) });
  });
  events.on('subscription:open', (one) => active.inc({ field: field(one.field), transport: one.transport }));
  events.on('subscription:message', (one) =>
    messages.inc({ field: field(one.field), transport: one.transport }),
  );
  events.on('subscription:end', ({ reason, transport, ...one }) => {
    active.dec({ field: field(one.field), transport });
    ends.inc({ field: field(one.field), transport, reason });
  });
  events.on('client:slow', ({ transport, consequence }) => slow.inc({ transport, consequence }));
}
