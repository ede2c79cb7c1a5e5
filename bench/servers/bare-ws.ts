/** The limit for events: `ws`, which sends each socket the message that it has ready for it. */
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { FIRST_VERSION, jobIdOf, runningState } from '../sample.ts';
import { obey } from './control.ts';
import { eventCommands } from './event-source.ts';
import { listen } from './listen.ts';

interface Watcher {
  readonly socket: WebSocket;
  readonly message: Buffer;
}

const watchers = new Map<string, Set<Watcher>>();
let subscribed = 0;

const server = createServer();
const sockets = new WebSocketServer({ server, path: '/graphql' });
sockets.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { type, id, payload }: ClientMessage = JSON.parse(data.toString());
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    else if (type === 'subscribe') watch(socket, id, payload.variables.id);
  });
});

obey({
  ...eventCommands((job) => {
    for (const { socket, message } of watchers.get(jobIdOf(job)) ?? []) socket.send(message, AS_TEXT);
  }),
  subscribed: () => subscribed,
});
listen(server);

const AS_TEXT = { binary: false };

interface ClientMessage {
  readonly type: string;
  readonly id: string;
  readonly payload: { readonly variables: { readonly id: string } };
}

function watch(socket: WebSocket, id: string, jobId: string): void {
  const number = Number.parseInt(jobId.slice(-12), 16);
  const payload = { data: { videoJobUpdated: runningState(number, FIRST_VERSION) } };
  const watcher = { socket, message: Buffer.from(JSON.stringify({ id, type: 'next', payload })) };
  const others = watchers.get(jobId) ?? new Set();
  watchers.set(jobId, others.add(watcher));
  subscribed += 1;
  socket.on('close', () => {
    others.delete(watcher);
    subscribed -= 1;
  });
}
