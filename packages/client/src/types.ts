import type {
  GenerateVideoInput,
  UploadImageMutation,
  UpstreamQuery,
  VideoJobFieldsFragment,
} from './documents.ts';

export type {
  UpstreamKind,
  VideoJobChargeState,
  VideoJobFailureCode,
  VideoJobFilter,
  VideoJobResolution,
  VideoJobStatus,
  VideoJobWait,
} from './documents.ts';

/** A job: its state, its input, and its video or failure. A terminal job (`isTerminal`) never changes again. */
export type VideoJob = VideoJobFieldsFragment;

/** A job with its video. */
export type CompletedVideoJob = VideoJob & {
  readonly status: 'COMPLETED';
  readonly video: NonNullable<VideoJob['video']>;
};

/** What to make a video from. */
export type GenerateInput = Omit<GenerateVideoInput, 'image'> & {
  /**
   * The still image to start from: a local PNG, JPEG or WebP of at most 10 MiB, which is uploaded first, or an http or https URL that the
   * upstream can fetch.
   */
  readonly image: Blob | URL | string;
};

/** An uploaded image; `url` is for `image` of an input. */
export type UploadedImage = UploadImageMutation['uploadImage'];

/** The API that makes the videos: whether it is real, what a video costs, and the remaining credits if the caller may see them. */
export type Upstream = UpstreamQuery['upstream'];
