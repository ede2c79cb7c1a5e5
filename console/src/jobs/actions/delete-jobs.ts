import type { VideoJob } from '@reelgate/client';
import { withActionDeadline } from '../../gateway/action-deadline.ts';
import type { Gateway } from '../../gateway/gateway.tsx';
import { messageOf } from '../../ui/message-of.ts';
import { shortTitle } from '../short-title.ts';

/** Deletions in progress at the same time. */
const PARALLEL = 4;

/** Asks, then deletes jobs with their videos. @param jobs jobs that have ended */
export async function deleteJobs(
  { client, dialogs, notices }: Gateway,
  jobs: readonly VideoJob[],
): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const isSure = await dialogs.confirm({
    title: jobs.length === 1 ? 'Delete this video?' : `Delete ${jobs.length} videos?`,
    text: `${jobs.length === 1 ? `“${shortTitle(first)}”` : 'Videos and requests'} will be deleted from the gateway. This cannot be undone.`,
    action: 'Delete',
  });
  if (!isSure) return;
  focusNeighbour();
  const waiting = [...jobs];
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const { id } = job;
      await withActionDeadline((signal) => client.delete(id, { signal })).catch((error: unknown) =>
        failures.push(messageOf(error)),
      );
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const [failure] = failures;
  if (failure === undefined) return;
  const count = jobs.length === 1 ? 'It was' : `${failures.length} of ${jobs.length} were`;
  notices.fail(`${count} not deleted. ${failure}`);
}

/** Moves the keyboard focus from a card that is about to go to the next one, or to the one before. */
function focusNeighbour(): void {
  const card = document.activeElement?.closest('.grid > li');
  const neighbour = card?.nextElementSibling ?? card?.previousElementSibling;
  neighbour?.querySelector<HTMLElement>('.card-head a')?.focus({ preventScroll: true });
}
