import type { VideoJobResolution } from '@reelgate/client';
import { PARAMETERS } from '../parameters.ts';

/** The image of a draft: a local file or a URL that the upstream can fetch. */
export type DraftImage =
  | {
      readonly type: 'file';
      readonly file: File;
      /** How the file was changed to be accepted; null: not at all. */
      readonly change: string | null;
      /** Where it was uploaded to; null: nowhere yet. */
      readonly upload: Upload | null;
    }
  | { readonly type: 'url'; readonly url: string };

interface Upload {
  readonly url: string;
  /** In epoch milliseconds. */
  readonly uploadedAt: number;
}

/** The fields of the form besides the image. */
export interface DraftSettings {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly resolution: VideoJobResolution;
  readonly videoLength: number;
  readonly steps: number;
  /** As it was typed. */
  readonly seed: string;
  /** Whether the next video has the same seed. */
  readonly isSeedPinned: boolean;
  /** How many videos are made: with this seed, and with the ones after it. */
  readonly variations: number;
}

/** A request of a draft: an equal request has the same key, so it makes no second job. */
export interface SentRequest {
  /** What was requested, from `requestOf`. */
  readonly request: string;
  readonly idempotencyKey: string;
  /** The image's URL as it is sent with this key. */
  readonly image: string;
  /** In epoch milliseconds. */
  readonly createdAt: number;
  /** Whether the gateway refused all of its videos. Otherwise it may have accepted some, which another key would make a second time. */
  readonly isRefused: boolean;
  /** Null: not all of its videos are accepted. */
  readonly accepted: {
    /** The ids of its jobs, in the order of their seeds. */
    readonly ids: readonly string[];
    /** The seed of the next request, the same in all tabs. */
    readonly nextSeed: string;
  } | null;
}

/** The last request of a draft, which all tabs share. */
export interface Submission extends SentRequest {
  /** The requests before it that the gateway may have accepted without an answer that arrived, the newest first. */
  readonly unanswered: readonly SentRequest[];
}

/** The content of the form. */
export interface Draft {
  readonly id: string;
  /** In epoch milliseconds. Drafts are shown in this order. */
  readonly createdAt: number;
  readonly image: DraftImage | null;
  readonly settings: DraftSettings;
  readonly submission: Submission | null;
  /** Whether it was accepted and the user has not changed it since. */
  readonly isSent: boolean;
}

/** The maximum of GraphQL's Int. */
export const MAX_INT = 2_147_483_647;
export const MAX_VARIATIONS = 4;
export const RESOLUTIONS = ['R360', 'R480', 'R576'] as const satisfies readonly VideoJobResolution[];

/** @param random returns a number from 0 to 1, without 1 */
export function randomSeed(random: () => number): string {
  return String(Math.floor(random() * MAX_INT));
}

/** The schema's defaults, with a seed. */
export function defaultSettings(seed: string): DraftSettings {
  const { negativePrompt, resolution, videoLength, steps } = PARAMETERS;
  return {
    prompt: '',
    negativePrompt: negativePrompt.defaultValue,
    resolution: resolution.defaultValue,
    videoLength: videoLength.defaultValue,
    steps: steps.defaultValue,
    seed,
    isSeedPinned: false,
    variations: 1,
  };
}

/** Whether a draft has nothing that a user would miss. */
export function isBlank({ image, settings }: Draft): boolean {
  return image === null && settings.prompt === '';
}
