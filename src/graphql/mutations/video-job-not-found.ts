import type { Builder } from '../builder.ts';

/** The most characters of an unknown id that an answer repeats. */
const MAX_ID = 100;

/** There is no such job, or it is another owner's. */
export interface VideoJobNotFound {
  readonly type: 'VideoJobNotFound';
  readonly id: string;
}

/** The outcome for an unknown id. */
export function notFound(id: string): VideoJobNotFound {
  return { type: 'VideoJobNotFound', id: firstCharacters(id.toWellFormed(), MAX_ID) };
}

/** @param max UTF-16 units; a character of two units is not split */
function firstCharacters(text: string, max: number): string {
  const cut = text.slice(0, max);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** Adds `VideoJobNotFound`, a member of several results. */
export function defineVideoJobNotFound(builder: Builder) {
  return builder.objectRef<VideoJobNotFound>('VideoJobNotFound').implement({
    description: 'The job is unknown, deleted, or another owner’s. Nothing was changed.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description: `The id as it was given, at most its first ${MAX_ID} characters.`,
        extensions: { maxBytes: 6 * MAX_ID },
      }),
      message: t.string({
        description: 'The reason, for people.',
        extensions: { maxBytes: 100 },
        resolve: () => 'There is no such video job.',
      }),
    }),
  });
}

/** The type of `defineVideoJobNotFound`. */
export type VideoJobNotFoundRef = ReturnType<typeof defineVideoJobNotFound>;
