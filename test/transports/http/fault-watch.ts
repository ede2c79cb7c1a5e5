/** Records what would have ended the process, while it lasts. */
export interface FaultWatch extends Disposable {
  readonly faults: readonly unknown[];
}

export function watchFaults(): FaultWatch {
  const faults: unknown[] = [];
  const keep = (fault: unknown) => void faults.push(fault);
  process.on('unhandledRejection', keep);
  process.on('uncaughtException', keep);
  return {
    faults,
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', keep);
      process.off('uncaughtException', keep);
    },
  };
}
