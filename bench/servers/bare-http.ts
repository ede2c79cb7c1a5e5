/** The limit for HTTP: node:http, which answers whatever comes with what it has ready. */
import { createServer } from 'node:http';
import { completedState } from '../sample.ts';
import { obey } from './control.ts';
import { listen } from './listen.ts';

const body = Buffer.from(JSON.stringify({ data: { videoJob: completedState(0) } }));
const headers = { 'content-type': 'application/json', 'content-length': body.length };

const server = createServer((_, response) => {
  response.writeHead(200, headers).end(body);
});
obey({});
listen(server);
