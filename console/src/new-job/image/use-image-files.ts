import { useCallback, useRef, useState } from 'react';
import { useGateway } from '../../gateway/gateway.tsx';
import type { DraftImage } from '../drafts/draft.ts';
import { MAX_DRAFTS } from '../drafts/drafts.ts';
import { useNewJob } from '../new-job.ts';
import { ImageFileError } from './image-file-error.ts';
import { prepareImage } from './prepare-image.ts';

/** The files that are being prepared. */
export interface Preparing {
  /** The draft that gets the first usable file; null: it has it, each other file gets a new draft. */
  readonly draftId: string | null;
  /** The names of the files that are left, the first of which is being prepared. */
  readonly names: readonly string[];
}

/** A file that cannot be used. */
export interface RejectedFile {
  readonly name: string;
  /** Why, as a sentence. */
  readonly reason: string;
}

export interface ImageFiles {
  /** Null: no files are being prepared. */
  readonly preparing: Preparing | null;
  /** The files of the last call that cannot be used. */
  readonly rejected: readonly RejectedFile[];
  /** Puts the first usable file into the current draft, and each other one into a new draft. Ends the call before. */
  readonly take: (files: readonly File[]) => void;
  /** Shows that these files cannot be used; an empty list shows none. */
  readonly reject: (rejected: readonly RejectedFile[]) => void;
  /** Ends the preparation. */
  readonly stop: () => void;
}

/** Makes chosen files into the images of drafts, also while another page is shown: the form stays mounted. */
export function useImageFiles(): ImageFiles {
  const { announcer } = useGateway();
  const { drafts, submissions } = useNewJob();
  const [preparing, setPreparing] = useState<Preparing | null>(null);
  const [rejected, setRejected] = useState<readonly RejectedFile[]>([]);
  const running = useRef(new AbortController());
  /** The image that the files of a call replace, until one of them can be used. */
  const replaced = useRef<{ readonly id: string; readonly image: DraftImage } | null>(null);

  const stop = useCallback(() => {
    running.current.abort();
    replaced.current = null;
    setPreparing(null);
  }, []);

  const take = async (files: readonly File[]): Promise<void> => {
    // The call that is still preparing files ends, so its draft gets its image back.
    if (replaced.current !== null) drafts.changeImage(replaced.current.id, replaced.current.image);
    const { id, image: before } = drafts.current;
    stop();
    setRejected([]);
    const { signal } = (running.current = new AbortController());
    if (before !== null) replaced.current = { id, image: before };
    submissions.forget(id);
    // Until a file is ready there is no image, so that none can be sent by mistake.
    drafts.changeImage(id, null);
    const problems: RejectedFile[] = [];
    const taken: string[] = [];
    const names = files.map(({ name }) => name);
    for (const [index, source] of files.entries()) {
      setPreparing({ draftId: taken.length === 0 ? id : null, names: names.slice(index) });
      try {
        const image = { ...(await prepareImage(source, signal)), type: 'file', upload: null } as const;
        signal.throwIfAborted();
        if (taken.length === 0) {
          drafts.changeImage(id, image);
          replaced.current = null;
        } else if (drafts.add(image) === null)
          throw new ImageFileError(`There are ${MAX_DRAFTS} drafts already.`);
        taken.push(image.file.name);
      } catch (error) {
        if (signal.aborted) return;
        problems.push({
          name: source.name,
          reason: error instanceof ImageFileError ? error.message : String(error),
        });
      }
    }
    stop();
    if (taken.length === 0 && before !== null) drafts.changeImage(id, before);
    setRejected(problems);
    announcer.say([takenText(taken), ...problems.map(({ name, reason }) => `${name}: ${reason}`)].join(' '));
  };
  return { preparing, rejected, take: (files) => void take(files), reject: setRejected, stop };
}

function takenText([first, ...others]: readonly string[]): string {
  if (first === undefined) return '';
  return others.length === 0
    ? `The image is ${first}.`
    : `There are ${1 + others.length} new images, each in a draft.`;
}
