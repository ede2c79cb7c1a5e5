/** Formats a duration: `8 s`, `1 min 05 s`, `2 h 03 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Formats a time, with the date unless it is today. */
export function moment(iso: string, now: number): string {
  const date = new Date(iso);
  const today = new Date(now).toDateString() === date.toDateString();
  return date.toLocaleString('en', {
    ...(today ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
}

/** Formats the time of a day: `14:05`. */
export function timeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false });
}

/** Formats a number of bytes: `11 bytes`, `730 kB`, `1.4 MB`, `4.3 GB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  if (count < 999_500) return `${Math.max(1, Math.round(count / 1000))} kB`;
  return count < 999_950_000 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
