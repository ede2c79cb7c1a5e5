import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** First byte of a frame that is a whole text message. */
const TEXT = 0x81;
/** Longest payload in bytes whose length fits into the frame's second byte, and into two more. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;

/** A text, or a part of one; whether it is ASCII is looked up once for all messages that have it. */
export interface Text {
  readonly text: string;
  readonly isAscii: boolean;
}

/** Looks a text over. */
export function textOf(text: string): Text {
  return { text, isAscii: Buffer.byteLength(text) === text.length };
}

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
  { text, isAscii }: Text,
  sent?: (error?: Error | null) => void,
): void {
  if (isAscii && text.length <= MAX_MEDIUM) stream.write(headOf(text.length) + text, 'latin1', sent);
  else socket.send(text, sent);
}

/** @returns what stands before so many bytes, a character a byte */
function headOf(length: number): string {
  return length <= MAX_SHORT
    ? String.fromCharCode(TEXT, length)
    : String.fromCharCode(TEXT, MAX_SHORT + 1, length >> 8, length & 0xff);
}
