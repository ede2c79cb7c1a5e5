import { Store, useStore } from './store.ts';

/** Sends announcements to screen readers. */
export class Announcer {
  readonly text = new Store('');

  /** A screen reader ignores a live region that does not change, so an equal text gets a no-break space. */
  say(message: string): void {
    this.text.set(this.text.get() === message ? `${message}\u00a0` : message);
  }
}

/** The live region of the announcements. */
export function LiveRegion({ announcer }: { readonly announcer: Announcer }) {
  const text = useStore(announcer.text);
  return (
    <div role="status" aria-live="polite" className="visually-hidden">
      {text}
    </div>
  );
}
