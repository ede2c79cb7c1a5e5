/** The ceiling for events: prepared frames for sockets of `ws`, batched as Reelgate batches its messages. */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { frameOf } from '../../src/transports/websocket/socket-writer.ts';
import { FIRST_VERSION, jobIdOf, runningState } from '../sample.ts';
import { obey } from './control.ts';
import { atEndOfTurn } from './end-of-turn.ts';
import { eventCommands } from './event-source.ts';
import { listen } from './listen.ts';

interface ClientMessage {
  readonly type: string;
  readonly id: string;
  readonly payload: { readonly variables: { readonly id: string } };
}

interface Connection {
  readonly socket: WebSocket;
  readonly stream: Duplex;
  /** Frames of this turn, one character per byte. */
  pending: string;
}

interface Subscription {
  readonly connection: Connection;
  readonly frame: string;
}

const subscriptionsByJob = new Map<string, Set<Subscription>>();
let subscribed = 0;

const server = createServer();
const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, stream, head) => {
  sockets.handleUpgrade(request, stream, head, (socket) => serve({ socket, stream, pending: '' }));
});
obey({
  ...eventCommands((job) => {
    for (const { connection, frame } of subscriptionsByJob.get(jobIdOf(job)) ?? []) send(connection, frame);
  }),
  subscribed: () => subscribed,
});
listen(server);

function serve(connection: Connection): void {
  const { socket } = connection;
  socket.on('message', (data: Buffer) => {
    const { type, id, payload }: ClientMessage = JSON.parse(data.toString());
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    else if (type === 'subscribe') subscribe(connection, id, payload.variables.id);
  });
}

function subscribe(connection: Connection, id: string, jobId: string): void {
  const job = Number.parseInt(jobId.slice(-12), 16);
  const payload = { data: { videoJobUpdated: runningState(job, FIRST_VERSION) } };
  const subscription = { connection, frame: frameOf(JSON.stringify({ id, type: 'next', payload })) };
  const subscriptions = subscriptionsByJob.get(jobId) ?? new Set();
  subscriptionsByJob.set(jobId, subscriptions.add(subscription));
  subscribed += 1;
  connection.socket.on('close', () => {
    subscriptions.delete(subscription);
    subscribed -= 1;
  });
}

function send(connection: Connection, frame: string): void {
  if (connection.pending === '') {
    atEndOfTurn(() => {
      connection.stream.write(connection.pending, 'latin1');
      connection.pending = '';
    });
  }
  connection.pending += frame;
}
