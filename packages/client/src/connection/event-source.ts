/** An event of a stream. */
export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

/** Characters of an event. The gateway's are far smaller; another server's text must not fill the memory. */
const MAX_LENGTH = 4_000_000;

/**
 * Parses server-sent events from the pieces of a text.
 *
 * @returns a function that takes a piece and returns the events that it completes. It throws when an event is too large
 */
export function eventParser(): (piece: string) => StreamEvent[] {
  let text = '';
  return (piece) => {
    const blocks = (text + piece).replaceAll('\r', '').split('\n\n');
    text = blocks.pop() ?? '';
    if (text.length > MAX_LENGTH) throw new Error('The event is too large.');
    return blocks.map(parseBlock);
  };
}

function parseBlock(block: string): StreamEvent {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) type = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trim());
  }
  return { type, data: data.join('\n') };
}
