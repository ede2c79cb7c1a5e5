import { useEffect, useState } from 'react';
import type { DraftImage } from '../drafts/draft.ts';
import { useObjectUrl } from './use-object-url.ts';

interface ImagePreviewProps {
  readonly image: DraftImage;
  readonly onRemove: () => void;
}

/** A preview of the chosen image. */
export function ImagePreview({ image, onRemove }: ImagePreviewProps) {
  const fileUrl = useObjectUrl(image.type === 'file' ? image.file : null);
  const typedUrl = useTypedUrl(image.type === 'url' ? image.url : null);
  const url = image.type === 'file' ? fileUrl : typedUrl;
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  return (
    <>
      {url === null || brokenUrl === url ? (
        <p className="drop-hint">{url === null ? '' : 'No image can be loaded from this URL.'}</p>
      ) : (
        <img
          src={url}
          alt="The chosen image"
          referrerPolicy="no-referrer"
          onError={() => setBrokenUrl(url)}
        />
      )}
      <button type="button" className="button remove" aria-label="Remove the image" onClick={onRemove}>
        ✕
      </button>
    </>
  );
}

/** A URL counts as complete when it did not change for this time. */
const TYPING_MS = 500;

/** Delays a typed URL, so that the page sends no requests to the hosts of half-typed URLs. @returns null when no image can be shown */
function useTypedUrl(url: string | null): string | null {
  const [typed, setTyped] = useState<string | null>(null);
  useEffect(() => {
    if (url === null) return undefined;
    const timer = setTimeout(() => setTyped(url), TYPING_MS);
    return () => clearTimeout(timer);
  }, [url]);
  return typed === url && url !== null && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : null;
}
