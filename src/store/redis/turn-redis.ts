import { Redis } from 'ioredis';

/**
 * A client that writes what is asked for in one turn of the event loop in one piece, at its end: a write for each command
 * would cost this process and the server more than most commands do. Unlike with the client's own pipelines nothing else
 * changes: no command waits for the answer to another one.
 */
export class TurnRedis extends Redis {
  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this;
    // There is none until it connects.
    if (stream?.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return super.sendCommand(...given);
  }
}
