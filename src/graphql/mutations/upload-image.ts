import { imageTypeOf, type ImageType } from '../../domain/request/image-type.ts';
import { MAX_URL } from '../../domain/request/video-request.ts';
import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import { badInput, uploadFailed } from '../errors.ts';
import { FileScalar, type UploadedFile } from '../types/scalars.ts';

/** More than half of an operation's limit: with aliases an operation could upload the one file of its request many times. */
const UPLOAD_COST = 7000;

/** An uploaded image. */
interface UploadedImage {
  readonly url: string;
  readonly contentType: ImageType;
  readonly byteLength: number;
}

/** Adds `uploadImage` to `Mutation`. Only for direct clients, as most routers cannot forward files. */
export function defineUploadImage(builder: Builder): void {
  builder.addScalarType('File', FileScalar);

  const Uploaded = builder.objectRef<UploadedImage>('UploadedImage').implement({
    description: 'An uploaded image.',
    fields: (t) => ({
      url: t.field({
        type: 'URL',
        description:
          'Its URL, for `image` of `generateVideo`. Anyone who has the URL can read the image. It is kept for some days only.',
        extensions: { maxBytes: 4 * MAX_URL },
        resolve: ({ url }) => url,
      }),
      contentType: t.exposeString('contentType', {
        description: 'The type of its bytes: `image/png`, `image/jpeg` or `image/webp`.',
      }),
      byteLength: t.exposeInt('byteLength', { description: 'Its length in bytes.' }),
    }),
  });

  builder.mutationFields((t) => ({
    uploadImage: t.field({
      type: Uploaded,
      description:
        'Uploads a local image and gives a URL that the upstream can read. Free of charge, and safe to repeat. Accepts one PNG, JPEG or WebP of at most 10 MiB, in a multipart request; needs the scope `video:generate`. Refused with code BAD_USER_INPUT for another type, REQUEST_ENTITY_TOO_LARGE for a larger file, RATE_LIMITED or TOO_MANY_UPLOADS for too many uploads at once, UPLOAD_FAILED when the upstream did not accept it: try again.',
      extensions: { cost: UPLOAD_COST },
      args: { file: t.arg({ type: 'File', required: true, description: 'The image.' }) },
      resolve: (_, { file }, context) => uploadImage(context, file),
    }),
  }));
}

/**
 * Checks the image by its bytes and uploads it to the host. The call was counted before its body was read.
 *
 * @throws GraphQLError with code FORBIDDEN, BAD_USER_INPUT or UPLOAD_FAILED
 */
async function uploadImage(
  { caller, services, media }: GraphQLContext,
  { chunks }: UploadedFile,
): Promise<UploadedImage> {
  requireOwner(caller, 'video:generate');
  const [beginning = new Uint8Array()] = chunks;
  const type = imageTypeOf(beginning);
  if (beginning.length === 0) throw badInput('The file is empty.');
  if (type === null) throw badInput('Unsupported image type. Upload a PNG, JPEG or WebP.');
  const outcome = await services.uploadImage({ type, chunks });
  if (outcome.type === 'failed') throw uploadFailed(outcome.retryAfterMs);
  return {
    url: media?.present(outcome.url) ?? outcome.url,
    contentType: type,
    byteLength: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}
