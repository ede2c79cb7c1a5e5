import { Link } from 'wouter';
import type { Announcer } from './announcer.tsx';
import { Store, useStore } from './store.ts';

/** A message about something that the user did. */
interface Notice {
  readonly text: string;
  /** An error stays until it is dismissed or replaced. */
  readonly isError: boolean;
  readonly link: { readonly href: string; readonly text: string } | null;
}

/** Long enough to read two sentences and to reach the link. */
const SHOWN_MS = 10_000;

/** Shows one message at a time above the lower edge of the window, and announces it. */
export class Notices {
  readonly shown = new Store<Notice | null>(null);
  readonly #announcer: Announcer;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  /** @param link where the message leads */
  tell(text: string, link: Notice['link'] = null): void {
    this.#show({ text, link, isError: false });
    this.#timer = setTimeout(this.dismiss, SHOWN_MS);
  }

  fail(text: string): void {
    this.#show({ text, link: null, isError: true });
  }

  readonly dismiss = (): void => {
    clearTimeout(this.#timer);
    this.shown.set(null);
  };

  #show(notice: Notice): void {
    clearTimeout(this.#timer);
    this.shown.set(notice);
    this.#announcer.say(notice.text);
  }
}

/** The message that is shown now. */
export function NoticeBar({ notices }: { readonly notices: Notices }) {
  const notice = useStore(notices.shown);
  if (notice === null) return null;
  return (
    <div className="notice" role="region" aria-label="Message" data-error={notice.isError}>
      <p>
        {notice.text}
        {notice.link !== null && (
          <>
            {' '}
            <Link href={notice.link.href} onClick={notices.dismiss}>
              {notice.link.text}
            </Link>
          </>
        )}
      </p>
      <button type="button" className="button quiet" onClick={notices.dismiss}>
        Dismiss
      </button>
    </div>
  );
}
