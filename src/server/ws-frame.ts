import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** First byte of a frame that is a whole text message. */
const TEXT = 0x81;
/** Longest payload in bytes whose length fits into the frame's second byte, and into two more. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;

/**
 * Sends a text message. What is ASCII is written in one piece, the frame's head and all: ws would write it in two, which
 * costs a third more. Nothing of ws' own can be overtaken, as without compression it holds nothing back.
 *
 * @param stream what the socket writes to
 * @param sent called when it is with the system, or can't be sent
 */
export function sendText(
  socket: WebSocket,
  stream: Duplex,
  text: string,
  sent?: (error?: Error | null) => void,
): void {
  const frame = asciiFrame(text);
  if (frame === null) socket.send(text, sent);
  else stream.write(frame, 'latin1', sent);
}

/** @returns the frame, a character a byte; null for what is not ASCII, or longer than 65,535 characters */
function asciiFrame(text: string): string | null {
  const { length } = text;
  if (length > MAX_MEDIUM || Buffer.byteLength(text) !== length) return null;
  const head =
    length <= MAX_SHORT
      ? String.fromCharCode(TEXT, length)
      : String.fromCharCode(TEXT, MAX_SHORT + 1, length >> 8, length & 0xff);
  return head + text;
}
