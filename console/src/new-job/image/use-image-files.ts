import { useCallback, useRef, useState } from 'react';
import { useGateway } from '../../gateway/gateway.tsx';
import { MAX_DRAFTS } from '../drafts/drafts.ts';
import { useNewJob } from '../new-job.ts';
import { ImageFileError } from './image-file-error.ts';
import { prepareImage } from './prepare-image.ts';

/** The files that are being prepared. */
interface Preparing {
  readonly draftId: string;
  /** How many files there are, this one included. */
  readonly left: number;
}

export interface ImageFiles {
  /** Null: no files are being prepared. */
  readonly preparing: Preparing | null;
  /** Puts the first usable file into the current draft, and each other one into a new draft. Ends the call before. */
  readonly take: (files: readonly File[]) => void;
  /** Ends the preparation. */
  readonly stop: () => void;
}

/** Makes chosen files into the images of drafts, also while another page is shown: the form stays mounted. */
export function useImageFiles(): ImageFiles {
  const { announcer } = useGateway();
  const { drafts, submissions } = useNewJob();
  const [preparing, setPreparing] = useState<Preparing | null>(null);
  const running = useRef(new AbortController());

  const stop = useCallback(() => {
    running.current.abort();
    setPreparing(null);
  }, []);

  const take = async (files: readonly File[]): Promise<void> => {
    stop();
    const { signal } = (running.current = new AbortController());
    const { id } = drafts.current;
    const before = drafts.current.image;
    submissions.forget(id);
    // Until a file is ready there is no image, so that none can be sent by mistake.
    drafts.changeImage(id, null);
    const problems: string[] = [];
    const taken: string[] = [];
    for (const [index, source] of files.entries()) {
      setPreparing({ draftId: id, left: files.length - index });
      try {
        const image = { ...(await prepareImage(source, signal)), type: 'file', upload: null } as const;
        signal.throwIfAborted();
        if (taken.length === 0) drafts.changeImage(id, image);
        else if (drafts.add(image) === null)
          throw new ImageFileError(`There are ${MAX_DRAFTS} drafts already.`);
        taken.push(image.file.name);
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof ImageFileError ? error.message : String(error);
        problems.push(files.length === 1 ? reason : `${source.name}: ${reason}`);
      }
    }
    setPreparing(null);
    if (taken.length === 0 && before !== null) drafts.changeImage(id, before);
    const message = takenText(taken, problems.length);
    announcer.say([message, ...problems].join(' '));
    if (problems.length > 0) submissions.refuse(id, message, new Map([['image', problems.join(' ')]]));
  };
  return { preparing, take: (files) => void take(files), stop };
}

function takenText([first, ...others]: readonly string[], failed: number): string {
  if (first === undefined) return failed === 1 ? 'This file can’t be used.' : 'These files can’t be used.';
  if (failed > 0) return `${failed} of ${1 + others.length + failed} files can’t be used.`;
  return others.length === 0
    ? `The image is ${first}.`
    : `There are ${1 + others.length} new images, each in a draft.`;
}
