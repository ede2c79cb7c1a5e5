import { type RefObject, useEffect, useRef } from 'react';

const LONGEST_TITLE = 60;
const SITE = 'Reelgate';

/**
 * Makes a view that was gone to a page of its own: it begins at its top, its heading has the focus, and the browser's
 * tab and history have its title, while it is shown.
 *
 * @returns for the heading, which needs a `tabIndex` of -1
 */
export function useArrival(title: string): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE)}…` : title} – ${SITE}`;
    return () => {
      document.title = SITE;
    };
  }, [title]);
  useEffect(() => {
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
