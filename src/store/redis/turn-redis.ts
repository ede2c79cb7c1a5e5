import { Redis } from 'ioredis';

/**
 * A client that writes what is asked for in one turn of the event loop in one piece, at its end: a write for each command
 * would cost this process and the server more than most commands do. Unlike with the client's own pipelines nothing else
 * changes: no command waits for the answer to another one.
 */
export class TurnRedis extends Redis {
  #isHeld = false;

  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this;
    // There is none until it connects.
    if (!this.#isHeld && stream !== undefined) {
      this.#isHeld = true;
      stream.cork();
      setImmediate(() => {
        this.#isHeld = false;
        stream.uncork();
      });
    }
    return super.sendCommand(...given);
  }
}
