import { type RefObject, useEffect, useRef } from 'react';

const MAX_TITLE_LENGTH = 60;
const SITE = 'Reelgate';

/**
 * Makes a view behave like a new page: scrolls to the top, focuses the heading and sets the document's title.
 *
 * @returns a ref for the heading, which needs `tabIndex={-1}`
 */
export function useArrival(title: string): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title.length > MAX_TITLE_LENGTH ? `${title.slice(0, MAX_TITLE_LENGTH)}…` : title} – ${SITE}`;
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
