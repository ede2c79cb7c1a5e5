import { useEffect, useState } from 'react';
import type { DraftImage } from '../drafts/draft.ts';

/** An image for an `img` element. */
export interface Preview {
  /** Null: there is none yet, or its URL is not complete. */
  readonly url: string | null;
  /** Whether no image loads from the URL. */
  readonly isBroken: boolean;
  /** For the element's error event. */
  readonly onError: () => void;
}

/** A preview of an image. The host of a typed URL gets no request before the URL is complete. */
export function usePreview(image: DraftImage | null): Preview {
  const fileUrl = useObjectUrl(image?.type === 'file' ? image.file : null);
  const typedUrl = useTypedUrl(image?.type === 'url' ? image.url : null);
  const url = fileUrl ?? typedUrl;
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  return { url, isBroken: url !== null && url === brokenUrl, onError: () => setBrokenUrl(url) };
}

/** A URL for a file, valid as long as the component shows the file. Null at first, and for null. */
function useObjectUrl(file: File | null): string | null {
  const [shown, setShown] = useState<{ readonly file: File; readonly url: string } | null>(null);
  useEffect(() => {
    if (file === null) return undefined;
    const url = URL.createObjectURL(file);
    setShown({ file, url });
    return () => URL.revokeObjectURL(url);
  }, [file]);
  return shown?.file === file ? (shown?.url ?? null) : null;
}

/** A URL counts as complete when it did not change for this time. */
const TYPING_MS = 500;

function useTypedUrl(url: string | null): string | null {
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => {
    if (url === null) return undefined;
    const timer = setTimeout(() => setTyped(url), TYPING_MS);
    return () => clearTimeout(timer);
  }, [url]);
  return typed === url && url !== null && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : null;
}
