/**
 * An upstream that responds to every poll immediately with QUEUED. It only looks for the end of a request, so that it needs little
 * CPU time of the core that it shares.
 */
import { createServer } from 'node:net';
import { obey, ready } from '../servers/control.ts';

const body = '{"request_id":"up-0","status":"QUEUED"}';
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const END = Buffer.from('\r\n\r\n');

const server = createServer({ noDelay: true }, (socket) => {
  // Polls are GET requests without a body.
  socket.on('data', (request: Buffer) => {
    if (request.subarray(-END.length).equals(END)) socket.write(answer);
  });
  socket.on('error', () => socket.destroy());
});
obey({});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) ready(`http://127.0.0.1:${address.port}`);
});
