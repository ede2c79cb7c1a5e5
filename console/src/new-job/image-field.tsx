import { type ChangeEvent, useId, useRef, useState } from 'react';
import sampleUrl from '../assets/sample.png';
import { bytes } from '../jobs/times.ts';
import { type ChosenImage, fileError, IMAGE_TYPES } from './draft.ts';
import { ImagePreview } from './image-preview.tsx';
import { usePageImages } from './page-images.ts';

interface ImageFieldProps {
  readonly image: ChosenImage | null;
  readonly error: string | null;
  readonly onChoose: (image: ChosenImage | null) => void;
  readonly onError: (error: string) => void;
}

/** The image by file, paste, drop or URL, with a preview. Files can be dropped or pasted anywhere on the page. */
export function ImageField({ image, error, onChoose, onError }: ImageFieldProps) {
  const id = useId();
  const [over, setOver] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);

  const takeUrl = (url: string): void => onChoose(url === '' ? null : { type: 'url', url });
  const takeFile = (file: File): void => {
    const wrong = fileError(file);
    if (wrong === null) onChoose({ type: 'file', file, previewUrl: URL.createObjectURL(file) });
    else onError(wrong);
  };
  usePageImages({ onFile: takeFile, onUrl: takeUrl, onOver: setOver });

  const takeSample = async (): Promise<void> => {
    const sample = await fetch(sampleUrl)
      .then((answer) => answer.blob())
      .catch(() => null);
    if (sample === null) onError('The sample image can’t be loaded: the gateway can’t be reached.');
    else takeFile(new File([sample], 'sample.png', { type: 'image/png' }));
  };
  const pick = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const file = target.files?.[0];
    if (file !== undefined) takeFile(file);
    // Otherwise the browser reports no change when the same file is picked again.
    target.value = '';
  };
  const remove = (): void => {
    onChoose(null);
    fileInput.current?.focus();
  };
  const refuse = (): void => {
    onChoose(null);
    onError('It can’t be read as an image.');
  };

  return (
    <fieldset
      className="field image-field"
      data-over={over}
      aria-describedby={error === null ? undefined : `${id}-error`}
    >
      <legend>Image</legend>
      <div className="drop">
        {image === null ? (
          <p className="drop-hint">Drop or paste an image here</p>
        ) : (
          <ImagePreview image={image} onRemove={remove} onBroken={refuse} />
        )}
      </div>
      <div className="actions">
        <input
          ref={fileInput}
          id={`${id}-file`}
          type="file"
          className="visually-hidden"
          accept={IMAGE_TYPES.join(',')}
          onChange={pick}
        />
        <label htmlFor={`${id}-file`} className="button">
          {image?.type === 'file' ? 'Choose another file' : 'Choose a file'}
        </label>
        <button type="button" className="button quiet" onClick={() => void takeSample()}>
          Use a sample image
        </button>
      </div>
      {image?.type === 'file' ? (
        <p className="help">
          {image.file.name} · {bytes(image.file.size)}
        </p>
      ) : (
        <UrlInput id={id} url={image?.url ?? ''} isInvalid={error !== null} onUrl={takeUrl} />
      )}
      {error !== null && (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
    </fieldset>
  );
}

interface UrlInputProps {
  /** Prefix of the ids of its elements. */
  readonly id: string;
  readonly url: string;
  readonly isInvalid: boolean;
  readonly onUrl: (url: string) => void;
}

function UrlInput({ id, url, isInvalid, onUrl }: UrlInputProps) {
  return (
    <>
      <label htmlFor={`${id}-url`} className="url-label">
        or an image URL
      </label>
      <input
        id={`${id}-url`}
        type="url"
        inputMode="url"
        name="image"
        autoComplete="off"
        placeholder="https://…"
        value={url}
        aria-invalid={isInvalid}
        aria-describedby={`${id}-help`}
        onChange={({ target: { value } }) => onUrl(value)}
      />
      <p id={`${id}-help`} className="help">
        An http or https URL that the model’s host can fetch, so not on a private network.
      </p>
    </>
  );
}
