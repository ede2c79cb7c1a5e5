import { useEffect, useRef } from 'react';

/** Handlers for images that are dropped or pasted anywhere on the page. */
export interface PageImages {
  readonly onFiles: (files: readonly File[]) => void;
  /** Called for an image that was dragged from another page. */
  readonly onUrl: (url: string) => void;
  /** Called when a drag with a possible image enters or leaves the page. */
  readonly onOver: (over: boolean) => void;
}

const KINDS = ['Files', 'text/uri-list'];

/** Listens for images that are dropped or pasted anywhere on the page. */
export function usePageImages(handlers: PageImages): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent): void => {
      const files = [...(clipboardData?.files ?? [])];
      if (files.length > 0) latest.current.onFiles(files);
    };
    const drag = (event: DragEvent): void => {
      const { dataTransfer } = event;
      if (dataTransfer === null || !KINDS.some((kind) => dataTransfer.types.includes(kind))) return;
      // Otherwise the browser leaves the page and shows the file.
      event.preventDefault();
      latest.current.onOver(event.type === 'dragover');
      if (event.type !== 'drop') return;
      const files = [...dataTransfer.files];
      const url =
        dataTransfer
          .getData('text/uri-list')
          .split(/\r?\n/)
          .find((line) => !line.startsWith('#')) ?? '';
      if (files.length > 0) latest.current.onFiles(files);
      else if (url !== '') latest.current.onUrl(url);
    };
    const leave = ({ relatedTarget }: DragEvent): void => {
      if (relatedTarget === null) latest.current.onOver(false);
    };
    const left = new AbortController();
    const { signal } = left;
    window.addEventListener('paste', paste, { signal });
    window.addEventListener('dragover', drag, { signal });
    window.addEventListener('drop', drag, { signal });
    window.addEventListener('dragleave', leave, { signal });
    return () => left.abort();
  }, []);
}
