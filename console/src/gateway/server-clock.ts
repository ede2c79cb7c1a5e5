/** Milliseconds by which clocks may differ before it counts: the gateway tells the time in whole seconds. */
const TOLERANCE_MS = 2000;

let offsetMs = 0;

/** The time by the gateway's clock, about, in epoch milliseconds: the times of jobs are told by it. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Compares clocks. When the gateway can't be reached the last comparison holds. */
export async function syncServerClock(): Promise<void> {
  const answer = await fetch('healthz', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  const date = Date.parse(answer?.headers.get('date') ?? '');
  if (Number.isNaN(date)) return;
  const offset = date - Date.now();
  offsetMs = Math.abs(offset) > TOLERANCE_MS ? offset : 0;
}
