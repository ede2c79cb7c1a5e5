import type { Socket } from 'node:net';

const START = /^HTTP\/1\.[01] 100[ \r]/;
const START_LENGTH = 13;
const NOTHING = Buffer.alloc(0);
const END = '\r\n\r\n';
/** No sane `100 Continue` has more bytes of headers. */
const MAX_HEAD = 16 * 1024;

/**
 * Removes every `100 Continue` from what is read from a socket. An upstream may send it unasked (RFC 9110, 15.2.1);
 * undici destroys the connection at it, which looks like a lost answer. Only the bytes that follow a request are
 * examined: those that arrive after more was written.
 */
export function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  /** `bytesWritten` when the head of the latest answer was passed on. */
  let answeredAt = 0;
  let held: Buffer = NOTHING;
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: unknown = read(size);
      if (!Buffer.isBuffer(chunk) || socket.bytesWritten === answeredAt) return chunk;
      held = withoutContinue(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
      if (mayBecomeContinue(held)) continue;
      answeredAt = socket.bytesWritten;
      const passed = held;
      held = NOTHING;
      return passed;
    }
  };
}

function withoutContinue(bytes: Buffer): Buffer {
  let rest = bytes;
  while (isContinue(rest)) {
    const end = rest.indexOf(END);
    if (end === -1) break;
    rest = rest.subarray(end + END.length);
  }
  return rest;
}

function isContinue(bytes: Buffer): boolean {
  return START.test(bytes.toString('latin1', 0, START_LENGTH));
}

/** Whether more bytes are needed to tell; with none at all, the answer is still to come. */
function mayBecomeContinue(bytes: Buffer): boolean {
  if (isContinue(bytes)) return bytes.length < MAX_HEAD;
  const start = bytes.toString('latin1', 0, START_LENGTH);
  return (
    bytes.length < START_LENGTH && ['HTTP/1.1 100 ', 'HTTP/1.0 100 '].some((head) => head.startsWith(start))
  );
}
