const ids = new Set<string>();

/** Records that this page started a job. */
export function rememberStarted(id: string): void {
  ids.add(id);
}

/** Whether this page started the job, not another tab or client. */
export function startedHere(id: string): boolean {
  return ids.has(id);
}
