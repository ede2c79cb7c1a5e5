import { type ChangeEvent, useEffect, useId, useRef, useState } from 'react';
import sampleUrl from '../assets/sample.png';
import { bytes } from '../jobs/times.ts';
import type { ChosenImage } from './draft.ts';
import { ImagePreview } from './image-preview.tsx';
import { ImageFileError } from './image/image-file-error.ts';
import { prepareImage } from './image/prepare-image.ts';
import { usePageImages } from './page-images.ts';

/** Not all systems count HEIC and AVIF as images. */
const ACCEPTED = 'image/*,.heic,.heif,.avif';

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

  const [isPreparing, setPreparing] = useState(false);
  const preparation = useRef(new AbortController());
  useEffect(() => () => preparation.current.abort(), []);

  const choose = (chosen: ChosenImage | null): void => {
    preparation.current.abort();
    setPreparing(false);
    onChoose(chosen);
  };
  const refuse = (reason: string): void => {
    choose(null);
    onError(reason);
  };
  const takeUrl = (url: string): void => choose(url === '' ? null : { type: 'url', url });
  const takeFile = async (source: File): Promise<void> => {
    choose(null);
    const { signal } = (preparation.current = new AbortController());
    setPreparing(true);
    try {
      const { file, change } = await prepareImage(source, signal);
      choose({ type: 'file', file, change, previewUrl: URL.createObjectURL(file) });
    } catch (reason) {
      if (!signal.aborted) refuse(reason instanceof ImageFileError ? reason.message : String(reason));
    }
  };
  usePageImages({ onFile: (file) => void takeFile(file), onUrl: takeUrl, onOver: setOver });

  const takeSample = async (): Promise<void> => {
    const sample = await fetch(sampleUrl)
      .then((answer) => answer.blob())
      .catch(() => null);
    if (sample === null) onError('The sample image can’t be loaded: the gateway can’t be reached.');
    else await takeFile(new File([sample], 'sample.png', { type: 'image/png' }));
  };
  const pick = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const file = target.files?.[0];
    if (file !== undefined) void takeFile(file);
    // Otherwise the browser reports no change when the same file is picked again.
    target.value = '';
  };
  const remove = (): void => {
    choose(null);
    fileInput.current?.focus();
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
          <p className="drop-hint">{isPreparing ? 'Preparing the image…' : 'Drop or paste an image here'}</p>
        ) : (
          <ImagePreview image={image} onRemove={remove} onBroken={() => refuse('It can’t be shown.')} />
        )}
      </div>
      <div className="actions">
        <input
          ref={fileInput}
          id={`${id}-file`}
          type="file"
          className="visually-hidden"
          accept={ACCEPTED}
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
          <bdi>{image.file.name}</bdi> · {[bytes(image.file.size), image.change].filter(Boolean).join(' · ')}
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
