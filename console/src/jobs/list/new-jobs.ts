import type { VideoJob } from '@reelgate/client';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useStore } from '../../ui/store.ts';
import { newestFromForm } from '../started-here.ts';

/** The list as it is shown, and the new jobs that wait until the user wants to see them. */
export interface ShownJobs {
  readonly shown: readonly VideoJob[];
  /** How many new jobs are not shown. */
  readonly heldBack: number;
  readonly showAll: () => void;
  /** For an element at the top of the list. */
  readonly top: RefObject<HTMLDivElement | null>;
}

/**
 * Holds back new jobs while the top of the list is scrolled out of the window: a new card would move all others while the user reads
 * them. A job that the user just sent by the form is shown nevertheless.
 *
 * @param jobs newest first
 */
export function useNewJobs(jobs: readonly VideoJob[]): ShownJobs {
  const top = useRef<HTMLDivElement>(null);
  /** The newest job when the user scrolled down; null: the top is in the window, or was not left yet. */
  const [newestShown, setNewestShown] = useState<string | null>(null);
  const newest = jobs[0]?.id ?? null;
  const latest = useRef(newest);
  useEffect(() => {
    latest.current = newest;
  }, [newest]);
  useEffect(() => {
    if (top.current === null) return undefined;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry === undefined) return;
      // On a phone the list begins below the window. A hidden list has no size.
      const isAbove = !entry.isIntersecting && entry.boundingClientRect.bottom < 0;
      setNewestShown((before) => (isAbove ? (before ?? latest.current) : null));
    });
    observer.observe(top.current);
    return () => observer.disconnect();
  }, []);
  const fromForm = useStore(newestFromForm);
  const isRevealed = newestShown !== null && fromForm !== null && fromForm > newestShown;
  const { shown, heldBack } = splitNewJobs(jobs, isRevealed ? fromForm : newestShown);
  return { shown, heldBack, showAll: () => setNewestShown(newest), top };
}

/** Ids start with the time of acceptance. @param newestShown an id; null: show all */
export function splitNewJobs(
  jobs: readonly VideoJob[],
  newestShown: string | null,
): Pick<ShownJobs, 'shown' | 'heldBack'> {
  const first = newestShown === null ? 0 : jobs.findIndex(({ id }) => id <= newestShown);
  // None of the shown jobs is left.
  if (first <= 0) return { shown: jobs, heldBack: 0 };
  return { shown: jobs.slice(first), heldBack: first };
}
