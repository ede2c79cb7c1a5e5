/** Smaller differences are ignored: the Date header has a resolution of one second. */
const TOLERANCE_MS = 2000;

let offsetMs = 0;

/** The approximate time of the gateway's clock in epoch milliseconds. The times of jobs use that clock. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Measures the difference of the clocks. Keeps the last result when the gateway cannot be reached. */
export async function syncServerClock(): Promise<void> {
  const answer = await fetch('healthz', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  const date = Date.parse(answer?.headers.get('date') ?? '');
  if (Number.isNaN(date)) return;
  const offset = date - Date.now();
  offsetMs = Math.abs(offset) > TOLERANCE_MS ? offset : 0;
}
