import type { DraftImage } from '../drafts/draft.ts';
import { usePreview } from './use-preview.ts';

interface ImagePreviewProps {
  readonly image: DraftImage;
  readonly onRemove: () => void;
}

/** A preview of the chosen image. */
export function ImagePreview({ image, onRemove }: ImagePreviewProps) {
  const { url, isBroken, onError } = usePreview(image);
  return (
    <>
      {url === null || isBroken ? (
        <p className="drop-hint">{isBroken && 'No image can be loaded from this URL.'}</p>
      ) : (
        <img src={url} alt="The chosen image" referrerPolicy="no-referrer" onError={onError} />
      )}
      <button type="button" className="button remove" aria-label="Remove the image" onClick={onRemove}>
        ✕
      </button>
    </>
  );
}
