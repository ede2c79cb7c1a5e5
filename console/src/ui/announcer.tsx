import { Store, useStore } from './store.ts';

/** Says things to screen readers, one at a time. */
export class Announcer {
  readonly text = new Store('');

  /** Equal words said twice are heard twice. */
  say(words: string): void {
    this.text.set(this.text.get() === words ? `${words}\u00a0` : words);
  }
}

/** The live region that they are said through. */
export function LiveRegion({ announcer }: { readonly announcer: Announcer }) {
  const text = useStore(announcer.text);
  return (
    <div role="status" aria-live="polite" className="visually-hidden">
      {text}
    </div>
  );
}
