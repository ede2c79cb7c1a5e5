import { useEffect, useState } from 'react';
import type { ChosenImage } from './draft.ts';

interface ImagePreviewProps {
  readonly image: ChosenImage;
  readonly onRemove: () => void;
  /** Called when the browser cannot decode the file as an image. */
  readonly onBroken: () => void;
}

/** A preview of the chosen image. */
export function ImagePreview({ image, onRemove, onBroken }: ImagePreviewProps) {
  const url = useShownUrl(image);
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  const fail = (): void => {
    if (image.type === 'file') onBroken();
    else setBrokenUrl(url);
  };
  return (
    <>
      {url === null || brokenUrl === url ? (
        <p className="drop-hint">{url === null ? '' : 'No image can be loaded from this URL.'}</p>
      ) : (
        <img src={url} alt="The chosen image" referrerPolicy="no-referrer" onError={fail} />
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
function useShownUrl(image: ChosenImage): string | null {
  const [typed, setTyped] = useState<string | null>(null);
  const url = image.type === 'url' ? image.url : null;
  useEffect(() => {
    if (url === null) return undefined;
    const timer = setTimeout(() => setTyped(url), TYPING_MS);
    return () => clearTimeout(timer);
  }, [url]);
  if (image.type === 'file') return image.previewUrl;
  return typed === url && url !== null && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : null;
}
