/** How long an action of the list waits for the gateway. Without an end, it could happen by surprise when the gateway is back. */
const ACTION_MS = 10_000;

/** Runs an action that ends with an error when the gateway does not answer in time. */
export async function withActionDeadline<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ACTION_MS);
  try {
    return await run(late.signal);
  } catch (error) {
    if (late.signal.aborted)
      throw new Error('The gateway can’t be reached now. Try again when it is back.', { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
