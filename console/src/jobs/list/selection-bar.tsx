import type { VideoJob } from '@reelgate/client';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useGateway } from '../../gateway/gateway.tsx';
import { messageOf } from '../../ui/message-of.ts';
import { deleteJobs } from '../actions/delete-jobs.ts';
import { downloadJobs } from './download-jobs.ts';
import type { Selection } from './selection.ts';

interface SelectionBarProps {
  /** The jobs of the list, newest first. */
  readonly jobs: readonly VideoJob[];
  readonly selection: Selection;
}

/** What can be done with the selected jobs. It stays at the lower edge of the window. */
export function SelectionBar({ jobs, selection }: SelectionBarProps) {
  const gateway = useGateway();
  const chosen = jobs.filter(({ id }) => selection.ids?.has(id) === true);
  const withVideo = chosen.filter(({ video }) => video !== null);
  const ended = chosen.filter(({ isTerminal }) => isTerminal);
  const download = useDownload(withVideo);
  const [one, other] = withVideo;
  const finish = (): void => {
    // The bar goes, and the keyboard focus with it.
    document.querySelector<HTMLElement>('#select-videos')?.focus({ preventScroll: true });
    selection.toggleSelecting();
  };
  const isPair = chosen.length === 2 && one !== undefined && other !== undefined;
  return (
    <div className="selection-bar" role="toolbar" aria-label="Selected videos">
      <span role="status">{chosen.length === 0 ? 'Select videos' : `${chosen.length} selected`}</span>
      <button type="button" className="button" onClick={() => selection.select(jobs.map(({ id }) => id))}>
        All
      </button>
      <button
        type="button"
        className="button"
        aria-disabled={withVideo.length === 0 || download.progress !== null}
        onClick={download.start}
      >
        {download.progress ?? `Download${countOf(withVideo, chosen)}`}
      </button>
      {isPair && (
        <Link className="button" href={`/compare/${one.id}/${other.id}`}>
          Compare
        </Link>
      )}
      <button
        type="button"
        className="button danger"
        aria-disabled={ended.length === 0}
        onClick={() => void deleteJobs(gateway, ended)}
      >
        {`Delete${countOf(ended, chosen)}`}
      </button>
      <button type="button" className="button" onClick={finish}>
        Done
      </button>
    </div>
  );
}

/** How many of the chosen jobs an action applies to, unless it is all of them. */
function countOf(jobs: readonly VideoJob[], chosen: readonly VideoJob[]): string {
  return jobs.length === chosen.length ? '' : ` ${jobs.length}`;
}

/** Downloads jobs' videos; ends when the component goes. `progress`: the label while it runs. */
function useDownload(jobs: readonly VideoJob[]): { progress: string | null; start: () => void } {
  const { client, notices } = useGateway();
  const [done, setDone] = useState<{ readonly count: number; readonly total: number } | null>(null);
  const leaving = useRef<AbortController>(null);
  useEffect(() => () => leaving.current?.abort(), []);
  const start = async (): Promise<void> => {
    if (jobs.length === 0 || done !== null) return;
    const { signal } = (leaving.current = new AbortController());
    setDone({ count: 0, total: jobs.length });
    const onProgress = (count: number): void => setDone({ count, total: jobs.length });
    const missing = await downloadJobs(client, jobs, signal, onProgress).catch((error: unknown) => {
      notices.fail(messageOf(error));
      return 0;
    });
    setDone(null);
    if (missing > 0) notices.fail(`${missing} of ${jobs.length} videos could not be downloaded.`);
  };
  return {
    progress: done === null ? null : `Downloading ${done.count + 1} of ${done.total}…`,
    start: () => void start(),
  };
}
