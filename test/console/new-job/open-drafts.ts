import { Drafts } from '../../../console/src/new-job/drafts/drafts.ts';
import { MemoryStorage } from './memory-storage.ts';

/** A tab of a browser: `reload` opens its drafts again. */
export function browserTab(storage = new MemoryStorage()) {
  let selected: string | null = null;
  let made = 0;
  let seeds = 0;
  const open = () =>
    Drafts.open({
      storage,
      selection: {
        read: () => selected,
        write: (id) => {
          selected = id;
        },
      },
      newId: () => `draft ${++made}`,
      now: () => 1000,
      random: () => ++seeds / 1000,
    });
  return { storage, open };
}

/** A file of the form. */
export function fileImage(name: string) {
  return { type: 'file', file: new File([name], name), change: null, upload: null } as const;
}
