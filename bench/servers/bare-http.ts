/** The ceiling for HTTP: node:http gives every request the same prepared answer, and batches its answers as Reelgate does. */
import { createServer } from 'node:http';
import { completedState } from '../sample.ts';
import { obey } from './control.ts';
import { atEndOfTurn } from './end-of-turn.ts';
import { listen } from './listen.ts';

const body = JSON.stringify({ data: { videoJob: completedState(0) } });
const headers = { 'content-type': 'application/json', 'content-length': body.length };

const server = createServer((_, response) => {
  atEndOfTurn(() => response.writeHead(200, headers).end(body, 'latin1'));
});
obey({});
listen(server);
