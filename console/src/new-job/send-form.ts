import { type Reelgate, ReelgateError } from '@reelgate/client';
import type { ChosenImage } from './draft.ts';
import { type GenerateOutcome, generateVideo } from './generate-video.ts';
import type { ReadForm } from './read-form.ts';

interface FormRequest extends ReadForm {
  readonly client: Reelgate;
  readonly image: ChosenImage | null;
  /** Called after the upload, before the job is sent. */
  readonly onUploaded: () => void;
}

/** Error codes that concern the image itself. */
const IMAGE_ERRORS: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'REQUEST_ENTITY_TOO_LARGE']);

/** Uploads the image if it is a file, then sends the job. Never throws. */
export async function sendForm(request: FormRequest): Promise<GenerateOutcome> {
  try {
    return await send(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'refused', message: `The page failed before the video was sent: ${reason}` };
  }
}

async function send(request: FormRequest): Promise<GenerateOutcome> {
  const { client, image, input, issues } = request;
  const imageError = imageUrlError(image);
  if (image === null || imageError !== null || issues.size > 0)
    return invalid([...(imageError === null ? [] : [['image', imageError] as const]), ...issues]);
  let url: string;
  try {
    url = image.type === 'url' ? image.url.trim() : await uploadOnce(client, image.file);
  } catch (error) {
    if (!(error instanceof ReelgateError)) throw error;
    return IMAGE_ERRORS.has(error.code)
      ? invalid([['image', error.message]])
      : { type: 'refused', message: error.message };
  }
  request.onUploaded();
  return generateVideo(client, { ...input, image: url });
}

/** Checked here too, so that this error appears together with the others. */
function imageUrlError(image: ChosenImage | null): string | null {
  if (image === null) return 'Choose an image, or give the URL of one.';
  if (image.type === 'file' || /^https?:$/.test(URL.parse(image.url)?.protocol ?? '')) return null;
  return 'It must be an http or https URL, such as https://example.com/cat.png.';
}

function invalid(issues: readonly (readonly [string, string])[]): GenerateOutcome {
  return { type: 'invalid', message: 'Correct the marked fields.', issues: new Map(issues) };
}

const uploads = new WeakMap<File, Promise<string>>();

/** Uploads a file once, so that a repeated request has the same image URL and the same idempotency key. */
function uploadOnce(client: Reelgate, file: File): Promise<string> {
  const known = uploads.get(file);
  if (known !== undefined) return known;
  const upload = client.upload(file).then(({ url }) => url);
  uploads.set(file, upload);
  upload.catch(() => uploads.delete(file));
  return upload;
}
