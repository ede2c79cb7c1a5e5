/** An upstream in a process of its own that answers every look at once: the job waits. */
import { createServer } from 'node:http';
import { obey } from '../servers/control.ts';
import { listen } from '../servers/listen.ts';

const body = Buffer.from('{"request_id":"up-0","status":"QUEUED"}');
const headers = { 'content-type': 'application/json', 'content-length': body.length };

const server = createServer((_, response) => {
  response.writeHead(200, headers).end(body);
});
obey({});
listen(server);
