import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** Where the lines of the log go. */
export interface LogOutput {
  /** Writes a line. Never throws or waits: a line that cannot be written is lost and counted. */
  write(line: string): void;
  /** Resolves once all lines are written, or after this time. */
  flush(timeoutMs: number): Promise<void>;
}

/** Bytes that wait for a slow reader of a pipe; further lines are lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Opens an output of the process for its log. A full disk, or a pipe whose reader is slow or gone, costs log lines and never stops the
 * process.
 *
 * @param fd the stream's file descriptor
 * @param stream e.g. `process.stdout`
 * @param onLost called with the number of lost lines, once lines can be written again
 */
export function openLogOutput(fd: number, stream: Writable, onLost: (lines: number) => void): LogOutput {
  return canWait(fd) ? new StreamOutput(stream, onLost) : new FileOutput(fd, onLost);
}

/** Whether a write may have to wait for a reader; a write to a file succeeds or fails at once. */
function canWait(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFIFO() || stats.isSocket() || isatty(fd);
}

/** Writes synchronously. Node's own stream for files stops for good after one failure. */
class FileOutput implements LogOutput {
  readonly #fd: number;
  readonly #onLost: (lines: number) => void;
  #lost = 0;
  /** Whether the last line was written incompletely. */
  #isBroken = false;

  constructor(fd: number, onLost: (lines: number) => void) {
    this.#fd = fd;
    this.#onLost = onLost;
  }

  write(line: string): void {
    const bytes = Buffer.from(this.#isBroken ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch {
      if (written > 0) this.#isBroken = true;
      this.#lost += 1;
      return;
    }
    this.#isBroken = false;
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#onLost(lost);
  }

  async flush(): Promise<void> {}
}

/** Writes as fast as the other end reads. */
class StreamOutput implements LogOutput {
  readonly #stream: Writable;
  readonly #onLost: (lines: number) => void;
  #lost = 0;

  constructor(stream: Writable, onLost: (lines: number) => void) {
    this.#stream = stream;
    this.#onLost = onLost;
    // The reader has gone, so the error cannot be logged either.
    stream.on('error', () => {});
  }

  write(line: string): void {
    // After a loss, resume at half full: otherwise the next lines would be lost one by one.
    const room = this.#lost === 0 ? MAX_WAITING_BYTES : MAX_WAITING_BYTES / 2;
    if (this.#stream.destroyed || this.#stream.writableLength + line.length > room) {
      this.#lost += 1;
      return;
    }
    this.#stream.write(line);
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#onLost(lost);
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableLength === 0) return;
    const written = Promise.withResolvers<void>();
    const timer = setTimeout(written.resolve, timeoutMs);
    this.#stream.write('', () => written.resolve());
    await written.promise;
    clearTimeout(timer);
  }
}
