import { type ChangeEvent, useEffect, useId, useState } from 'react';
import sampleUrl from '../assets/sample.png';
import { bytes } from '../jobs/times.ts';
import { type ChosenImage, faultOfFile, fileOf, IMAGE_TYPES } from './chosen-image.ts';
import { PARAMETERS } from './parameters.ts';

interface ImageFieldProps {
  readonly image: ChosenImage | null;
  readonly fault: string | null;
  readonly onChoose: (image: ChosenImage | null) => void;
  readonly onFault: (fault: string) => void;
}

/** The image by file, paste, drop or URL, with a preview. Files may be dropped or pasted anywhere on the page. */
export function ImageField({ image, fault, onChoose, onFault }: ImageFieldProps) {
  const id = useId();
  const [over, setOver] = useState(false);

  const take = (file: File): void => {
    const wrong = faultOfFile(file);
    if (wrong === null) onChoose({ type: 'file', file, previewUrl: URL.createObjectURL(file) });
    else onFault(wrong);
  };
  usePageFiles(take, setOver);

  const takeSample = async (): Promise<void> => {
    const answer = await fetch(sampleUrl);
    take(new File([await answer.blob()], 'sample.png', { type: 'image/png' }));
  };
  const pick = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const file = target.files?.[0];
    if (file !== undefined) take(file);
    // The same file can then be picked again.
    target.value = '';
  };

  return (
    <fieldset
      className="field image-field"
      data-over={over}
      aria-describedby={fault === null ? undefined : `${id}-fault`}
    >
      <legend>Image</legend>
      <div className="drop">
        {image === null ? (
          <p className="drop-hint">
            Drop or paste an image, or
            <br />
            <FileButton id={id} label="Choose a file" onPick={pick} />
          </p>
        ) : (
          <Preview image={image} onRemove={() => onChoose(null)} />
        )}
      </div>
      {image?.type === 'file' ? (
        <p className="help">
          {image.file.name} · {bytes(image.file.size)}
        </p>
      ) : (
        <>
          <label htmlFor={`${id}-url`} className="url-label">
            or its URL
          </label>
          <input
            id={`${id}-url`}
            type="url"
            inputMode="url"
            name="image"
            autoComplete="off"
            placeholder="https://…"
            maxLength={PARAMETERS.image.maxLength}
            value={image?.url ?? ''}
            aria-invalid={fault !== null}
            aria-describedby={`${id}-help`}
            onChange={({ target: { value } }) => onChoose(value === '' ? null : { type: 'url', url: value })}
          />
          <p id={`${id}-help`} className="help">
            An http or https URL that the model’s host can fetch, so not on a private network.{' '}
            {image === null && (
              <button type="button" className="link" onClick={() => void takeSample()}>
                Use a sample image
              </button>
            )}
          </p>
        </>
      )}
      {fault !== null && (
        <p id={`${id}-fault`} className="field-error">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

interface FileButtonProps {
  readonly id: string;
  readonly label: string;
  readonly onPick: (event: ChangeEvent<HTMLInputElement>) => void;
}

function FileButton({ id, label, onPick }: FileButtonProps) {
  return (
    <>
      <input
        id={`${id}-file`}
        type="file"
        className="visually-hidden"
        accept={IMAGE_TYPES.join(',')}
        onChange={onPick}
      />
      <label htmlFor={`${id}-file`} className="button">
        {label}
      </label>
    </>
  );
}

function Preview({ image, onRemove }: { readonly image: ChosenImage; readonly onRemove: () => void }) {
  const url = image.type === 'file' ? image.previewUrl : image.url;
  const [brokenUrl, setBrokenUrl] = useState<string | null>(null);
  return (
    <>
      {brokenUrl === url ? (
        <p className="drop-hint">There is no image to be seen at this URL.</p>
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

/** Hears of files that are dropped or pasted anywhere on the page. */
function usePageFiles(take: (file: File) => void, setOver: (over: boolean) => void): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent): void => {
      const file = fileOf(event.clipboardData);
      if (file !== null) take(file);
    };
    // Without preventDefault the browser would leave the page and show the file.
    const drag = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      setOver(event.type === 'dragover');
      const file = event.type === 'drop' ? fileOf(event.dataTransfer) : null;
      if (file !== null) take(file);
    };
    const leave = ({ relatedTarget }: DragEvent): void => {
      if (relatedTarget === null) setOver(false);
    };
    window.addEventListener('paste', paste);
    window.addEventListener('dragover', drag);
    window.addEventListener('drop', drag);
    window.addEventListener('dragleave', leave);
    return () => {
      window.removeEventListener('paste', paste);
      window.removeEventListener('dragover', drag);
      window.removeEventListener('drop', drag);
      window.removeEventListener('dragleave', leave);
    };
  });
}
