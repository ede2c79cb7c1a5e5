import { imageTypeOf, type ImageType } from '../../domain/request/image-type.ts';
import { MAX_URL } from '../../domain/request/video-request.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import type { Builder } from '../builder.ts';
import { badInput, uploadFailed } from '../errors.ts';
import { NOT_BY_ROUTERS, type UploadedFile } from '../types/scalars.ts';

/** More than half of what one operation may ask for: aliases would send the one file of a request many times. */
const UPLOAD_COST = 7000;
/** What it counts for to routers: as much as `generateVideo`. */
const ROUTER_COST = 100;

/** An image that the upstream can read. */
interface UploadedImage {
  readonly url: string;
  readonly contentType: ImageType;
  readonly byteLength: number;
}

/** Adds `uploadImage` to `Mutation`. */
export function defineUploadImage(builder: Builder): void {
  const Uploaded = builder.objectRef<UploadedImage>('UploadedImage').implement({
    description: 'An image that was uploaded.',
    extensions: { directives: NOT_BY_ROUTERS },
    fields: (t) => ({
      url: t.field({
        type: 'URL',
        description:
          'Where it is, for `image` of `generateVideo`. Whoever has the URL can read the image. It is kept for days, not for ever.',
        extensions: { maxBytes: 4 * MAX_URL },
        resolve: ({ url }) => url,
      }),
      contentType: t.exposeString('contentType', {
        description: 'What it is by its bytes: `image/png`, `image/jpeg` or `image/webp`.',
      }),
      byteLength: t.exposeInt('byteLength', { description: 'Its length in bytes.' }),
    }),
  });

  builder.mutationFields((t) => ({
    uploadImage: t.field({
      type: Uploaded,
      description:
        'Makes a local image a URL that the upstream can read. Free of charge, and safe to repeat. Takes one PNG, JPEG or WebP of at most 10 MiB, in a multipart request; needs the scope `video:generate`. Refused with code BAD_USER_INPUT when it is no such image, REQUEST_ENTITY_TOO_LARGE when it is larger, RATE_LIMITED or TOO_MANY_UPLOADS when it is too much at once, UPLOAD_FAILED when the upstream did not take it: try again.',
      extensions: {
        cost: UPLOAD_COST,
        directives: { cost: { weight: ROUTER_COST }, ...NOT_BY_ROUTERS },
      },
      args: { file: t.arg({ type: 'File', required: true, description: 'The image.' }) },
      resolve: (_, { file }, context) => uploadImage(context, file),
    }),
  }));
}

/**
 * Checks the image by its bytes and hands it to the host. The call was counted before its body was read.
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
  if (type === null) throw badInput('The file is no image that is taken: PNG, JPEG or WebP.');
  const outcome = await services.uploadImage({ type, chunks });
  if (outcome.type === 'failed') throw uploadFailed(outcome.retryAfterMs);
  return {
    url: media?.present(outcome.url) ?? outcome.url,
    contentType: type,
    byteLength: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}
