/** A timer that fires later than this was held up: the process had been stopped, or the event loop was blocked. */
const LATE_MS = 500;
/** After such a halt, the time in which an answer may still be read from the socket. */
const GRACE_MS = 2000;

/** What a deadline is for. */
export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** Whether an answer may be waiting in the socket. */
  readonly mayBeAnswered: () => boolean;
  readonly onPassed: () => void;
}

/**
 * Starts a deadline for an answer. A timer alone would be unfair: after SIGSTOP, a suspended machine or a long
 * garbage collection the event loop runs the timers that fell due before it reads the sockets, and an answer that
 * came in time would be thrown away. So the event loop reads the sockets once before the deadline counts as passed;
 * when the timer was more than 500 ms late, it gets up to 2 seconds, since one turn reads only a part of a long answer.
 *
 * @returns a function that stops the deadline
 */
export function startDeadline({ timeoutMs, mayBeAnswered, onPassed }: DeadlineOptions): () => void {
  let timer: NodeJS.Timeout;
  let immediate: NodeJS.Immediate | undefined;
  const arm = (ms: number): void => {
    const runAt = performance.now() + ms;
    timer = setTimeout(() => {
      if (!mayBeAnswered()) onPassed();
      else if (performance.now() - runAt > LATE_MS) arm(GRACE_MS);
      // Immediates run after the event loop has read the sockets.
      else immediate = setImmediate(onPassed);
    }, ms);
  };
  arm(timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
