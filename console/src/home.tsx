import { Activity, useLayoutEffect, useRef, useState } from 'react';
import { useRoute } from 'wouter';
import { JobList } from './jobs/list/job-list.tsx';
import { JobForm } from './new-job/job-form.tsx';

/**
 * The first page: the form and the list. From its first visit on it stays mounted while other pages are shown, so that the way back
 * leads to the same place of the list.
 */
export function Home() {
  const [isShown] = useRoute('/');
  const [wasShown, setWasShown] = useState(isShown);
  if (isShown && !wasShown) setWasShown(true);
  useKeptPlace(isShown);
  if (!wasShown) return null;
  return (
    <Activity mode={isShown ? 'visible' : 'hidden'}>
      <main className="home">
        <h1 className="visually-hidden">Videos from images</h1>
        <JobForm />
        <JobList />
      </main>
    </Activity>
  );
}

/** Keeps the position of the window and the focused element until the page is shown again. */
function useKeptPlace(isShown: boolean): void {
  const place = useRef<{ top: number; focused: Element | null }>({ top: 0, focused: null });
  useLayoutEffect(() => {
    if (!isShown) return undefined;
    const kept = place.current;
    window.scrollTo(0, kept.top);
    if (kept.focused instanceof HTMLElement) kept.focused.focus({ preventScroll: true });
    const note = (): void => {
      kept.top = window.scrollY;
    };
    window.addEventListener('scroll', note, { passive: true });
    return () => {
      window.removeEventListener('scroll', note);
      kept.focused = document.activeElement;
    };
  }, [isShown]);
}
