import { Store } from '../ui/store.ts';

const ids = new Set<string>();

/** The newest job that the form started: its card is shown wherever the list is scrolled to. Null: none. */
export const newestFromForm = new Store<string | null>(null);

/** Records that this page started a job. @param isFromForm false: from the card of another job */
export function rememberStarted(id: string, isFromForm = true): void {
  ids.add(id);
  if (isFromForm) newestFromForm.set(id);
}

/** Whether this page started the job, not another tab or client. */
export function startedHere(id: string): boolean {
  return ids.has(id);
}
