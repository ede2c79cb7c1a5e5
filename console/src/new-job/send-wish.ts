import type { ApolloClient } from '@apollo/client';
import { uploadImage, UploadImageError } from '../../../client/upload-image.ts';
import { readToken } from '../gateway/token.ts';
import type { ChosenImage } from './chosen-image.ts';
import { type GenerateOutcome, generateVideo } from './generate-video.ts';
import type { FormInput } from './read-form.ts';
import type { Wishes } from './wishes.ts';

interface Wish {
  readonly apollo: ApolloClient;
  readonly wishes: Wishes;
  readonly image: ChosenImage | null;
  readonly input: FormInput;
}

/** Uploads the image if it is a file, then sends the job. Never throws. */
export async function sendWish({ apollo, wishes, image, input }: Wish): Promise<GenerateOutcome> {
  if (image === null) return invalidImage('Choose an image, or give the URL of one.');
  let url: string;
  try {
    url = image.type === 'url' ? image.url.trim() : await uploadOnce(image.file);
  } catch (error) {
    if (error instanceof UploadImageError && error.code !== 'UNKNOWN') return invalidImage(error.message);
    return {
      type: 'refused',
      message: 'The image could not be uploaded: the gateway can’t be reached. Try again.',
    };
  }
  const wish = { ...input, image: url };
  const idempotencyKey = wishes.keyFor(wish);
  const outcome = await generateVideo(apollo, { ...wish, idempotencyKey });
  if (outcome.type === 'accepted') wishes.accepted(idempotencyKey);
  return outcome;
}

function invalidImage(message: string): GenerateOutcome {
  return {
    type: 'invalid',
    message: 'Some of the input is not right.',
    issues: new Map([['image', message]]),
  };
}

const uploads = new WeakMap<File, Promise<string>>();

/** A file is uploaded once, so that the same wish sent again names the same image. */
function uploadOnce(file: File): Promise<string> {
  const known = uploads.get(file);
  if (known !== undefined) return known;
  const upload = uploadImage(file, { token: readToken() }).then(({ url }) => url);
  uploads.set(file, upload);
  upload.catch(() => uploads.delete(file));
  return upload;
}
