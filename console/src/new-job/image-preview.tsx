import { useEffect, useState } from 'react';
import type { ChosenImage } from './chosen-image.ts';

interface ImagePreviewProps {
  readonly image: ChosenImage;
  readonly onRemove: () => void;
  /** The browser can't read the file as an image. */
  readonly onBroken: () => void;
}

/** The chosen image. */
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
        <p className="drop-hint">{url === null ? '' : 'There is no image to be seen at this URL.'}</p>
      ) : (
        <img src={url} alt="The chosen image" referrerPolicy="no-referrer" onError={fail} />
      )}
      <button type="button" className="button remove" aria-label="Remove the image" onClick={onRemove}>
        ✕
      </button>
    </>
  );
}

/** Milliseconds without a key before what was typed is taken for a whole URL. */
const TYPING_MS = 500;

/** Hosts that nobody meant must not be asked while a URL is being typed. Null: nothing that can be shown. */
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
