const ids = new Set<string>();

/** Remembers that a job was started by this page. */
export function rememberStarted(id: string): void {
  ids.add(id);
}

/** Whether this page started the job, and not another tab or program. */
export function startedHere(id: string): boolean {
  return ids.has(id);
}
