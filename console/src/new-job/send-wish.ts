import type { ApolloClient } from '@apollo/client';
import { uploadImage, UploadImageError } from '@reelgate/client/upload-image';
import { readToken } from '../gateway/token.ts';
import type { ChosenImage } from './chosen-image.ts';
import { type GenerateOutcome, generateVideo } from './generate-video.ts';
import type { ReadForm } from './read-form.ts';
import type { Wishes } from './wishes.ts';

interface Wish extends ReadForm {
  readonly apollo: ApolloClient;
  readonly wishes: Wishes;
  readonly image: ChosenImage | null;
  /** Told when the image is there, and the job is next. */
  readonly onUploaded: () => void;
}

/** The gateway's codes that say something of the image; others say something of who sent it, or when. */
const OF_IMAGE: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'REQUEST_ENTITY_TOO_LARGE']);

/** Uploads the image if it is a file, then sends the job. Never throws. */
export async function sendWish(wish: Wish): Promise<GenerateOutcome> {
  try {
    return await send(wish);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'refused', message: `The page failed before the video was sent: ${reason}` };
  }
}

async function send(wish: Wish): Promise<GenerateOutcome> {
  const { apollo, wishes, image, input, issues } = wish;
  const imageFault = faultOfImage(image);
  if (image === null || imageFault !== null || issues.size > 0)
    return invalid([...(imageFault === null ? [] : [['image', imageFault] as const]), ...issues]);
  let url: string;
  try {
    url = image.type === 'url' ? image.url.trim() : await uploadOnce(image.file);
  } catch (error) {
    if (!(error instanceof UploadImageError)) return { type: 'refused', message: UNREACHED };
    return OF_IMAGE.has(error.code)
      ? invalid([['image', error.message]])
      : { type: 'refused', message: error.message };
  }
  wish.onUploaded();
  const sent = { ...input, image: url };
  const idempotencyKey = wishes.keyFor(sent);
  const outcome = await generateVideo(apollo, { ...sent, idempotencyKey });
  if (outcome.type === 'accepted') wishes.accepted(idempotencyKey);
  return outcome;
}

/** What the gateway would say as well; here it is said along with what else is wrong. */
function faultOfImage(image: ChosenImage | null): string | null {
  if (image === null) return 'Choose an image, or give the URL of one.';
  if (image.type === 'file' || /^https?:$/.test(URL.parse(image.url)?.protocol ?? '')) return null;
  return 'It must be an http or https URL, such as https://example.com/cat.png.';
}

const UNREACHED = 'The image could not be uploaded: the gateway can’t be reached. Try again.';

function invalid(issues: readonly (readonly [string, string])[]): GenerateOutcome {
  return { type: 'invalid', message: 'Please look at what is marked.', issues: new Map(issues) };
}

const uploads = new WeakMap<File, Promise<string>>();

/** A file is uploaded once, so that the same wish sent again names the same image. */
function uploadOnce(file: File): Promise<string> {
  const known = uploads.get(file);
  if (known !== undefined) return known;
  const upload = uploadImage(file, { url: 'graphql', token: readToken() }).then(({ url }) => url);
  uploads.set(file, upload);
  upload.catch(() => uploads.delete(file));
  return upload;
}
