import { type ChangeEvent, useId, useRef, useState } from 'react';
import sampleUrl from '../../assets/sample.png';
import { bytes } from '../../jobs/times.ts';
import type { Draft, DraftImage } from '../drafts/draft.ts';
import { useNewJob } from '../new-job.ts';
import { ImagePreview } from './image-preview.tsx';
import { usePageImages } from './page-images.ts';
import { useImageFiles } from './use-image-files.ts';

/** Not all systems count HEIC and AVIF as images. */
const ACCEPTED = 'image/*,.heic,.heif,.avif';

interface ImageFieldProps {
  readonly draft: Draft;
  /** Why the image cannot be used; null: it can. */
  readonly error: string | null;
}

/** The image by file, paste, drop or URL, with a preview. Files can be dropped or pasted anywhere on the page. */
export function ImageField({ draft, error }: ImageFieldProps) {
  const id = useId();
  const { drafts, submissions } = useNewJob();
  const { preparing, take, stop } = useImageFiles();
  const [over, setOver] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);
  const { image } = draft;

  const choose = (chosen: DraftImage | null): void => {
    if (preparing?.draftId === draft.id) stop();
    submissions.forget(draft.id);
    drafts.changeImage(draft.id, chosen);
  };
  const takeUrl = (url: string): void => choose(url === '' ? null : { type: 'url', url });
  usePageImages({ onFiles: take, onUrl: takeUrl, onOver: setOver });

  const takeSample = async (): Promise<void> => {
    const sample = await fetch(sampleUrl)
      .then((answer) => (answer.ok ? answer.blob() : null))
      .catch(() => null);
    const problem = 'The sample image can’t be loaded: the gateway can’t be reached.';
    if (sample === null) submissions.refuse(draft.id, problem, new Map([['image', problem]]));
    else take([new File([sample], 'sample.png', { type: 'image/png' })]);
  };
  const pick = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const files = [...(target.files ?? [])];
    if (files.length > 0) take(files);
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
          <p className="drop-hint">{hint(preparing?.draftId === draft.id ? preparing.left : 0)}</p>
        ) : (
          <ImagePreview image={image} onRemove={remove} />
        )}
      </div>
      <div className="actions">
        <input
          ref={fileInput}
          id={`${id}-file`}
          type="file"
          multiple
          className="visually-hidden"
          accept={ACCEPTED}
          onChange={pick}
        />
        <label htmlFor={`${id}-file`} className="button">
          {image?.type === 'file' ? 'Choose another file' : 'Choose files'}
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

/** @param left files that are being prepared */
function hint(left: number): string {
  if (left === 0) return 'Drop or paste images here';
  return left === 1 ? 'Preparing the image…' : `Preparing ${left} images…`;
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
