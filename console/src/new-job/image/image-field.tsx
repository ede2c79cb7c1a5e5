import { type ChangeEvent, useId, useRef, useState } from 'react';
import sampleUrl from '../../assets/sample.png';
import { useGateway } from '../../gateway/gateway.tsx';
import { bytes } from '../../jobs/times.ts';
import type { Draft, DraftImage } from '../drafts/draft.ts';
import { useNewJob } from '../new-job.ts';
import { ImagePreview } from './image-preview.tsx';
import { usePageImages } from './page-images.ts';
import { RejectedFiles } from './rejected-files.tsx';
import type { ImageFiles } from './use-image-files.ts';

/** Not all systems count HEIC and AVIF as images. */
const ACCEPTED = 'image/*,.heic,.heif,.avif';

interface ImageFieldProps {
  readonly draft: Draft;
  readonly files: ImageFiles;
  /** Why the image cannot be used; null: it can. */
  readonly error: string | null;
}

/** The image by file, paste, drop or URL, with a preview. Files can be dropped or pasted anywhere on the page. */
export function ImageField({ draft, files, error }: ImageFieldProps) {
  const id = useId();
  const { announcer } = useGateway();
  const { drafts, submissions } = useNewJob();
  const { preparing, rejected, take, reject, stop } = files;
  const [over, setOver] = useState(false);
  const fileInput = useRef<HTMLInputElement>(null);
  const { image } = draft;

  const choose = (chosen: DraftImage | null): void => {
    if (preparing?.draftId === draft.id) stop();
    reject([]);
    submissions.forget(draft.id);
    drafts.changeImage(draft.id, chosen);
  };
  const takeUrl = (url: string): void => choose(url === '' ? null : { type: 'url', url });
  usePageImages({ onFiles: take, onUrl: takeUrl, onOver: setOver });

  const takeSample = async (): Promise<void> => {
    const sample = await fetch(sampleUrl)
      .then((answer) => (answer.ok ? answer.blob() : null))
      .catch(() => null);
    const reason = 'It can’t be loaded, because the gateway can’t be reached.';
    if (sample === null) {
      reject([{ name: 'sample.png', reason }]);
      announcer.say(`sample.png: ${reason}`);
    } else take([new File([sample], 'sample.png', { type: 'image/png' })]);
  };
  const pick = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    const picked = [...(target.files ?? [])];
    if (picked.length > 0) take(picked);
    // Otherwise the browser reports no change when the same file is picked again.
    target.value = '';
  };
  const remove = (): void => {
    choose(null);
    fileInput.current?.focus();
  };

  const dismiss = (): void => {
    reject([]);
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
          <Hint name={preparing?.draftId === draft.id ? preparing.names[0] : undefined} />
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
        // Without the URL's input, the error itself gets the focus.
        <p id={`${id}-error`} className="field-error" tabIndex={image?.type === 'file' ? -1 : undefined}>
          {error}
        </p>
      )}
      <RejectedFiles files={rejected} onDismiss={dismiss} />
    </fieldset>
  );
}

/** What an empty image area says. @param name a file that is being prepared for it */
function Hint({ name }: { readonly name: string | undefined }) {
  if (name !== undefined) {
    return (
      <p className="drop-hint">
        Converting <bdi>{name}</bdi>…
      </p>
    );
  }
  return (
    <p className="drop-hint">
      <span className="for-mouse">Drop or paste images here</span>
      <span className="for-touch">No image yet</span>
    </p>
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
