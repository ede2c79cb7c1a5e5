/** Sends a request. The answer is the job, or the reason why there is none. */
export const GENERATE_VIDEO = `
  mutation GenerateVideo($input: GenerateVideoInput!) {
    generateVideo(input: $input) {
      ... on GenerateVideoSuccess {
        job {
          id
        }
      }
      ... on GenerateVideoError {
        message
      }
    }
  }
`;

/** The job's present state, then newer ones. Completes after the final one. */
export const VIDEO_JOB_UPDATED = `
  subscription VideoJobUpdated($id: ID!, $sinceVersion: Int) {
    videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
      id
      version
      status
      isTerminal
      progress
      video {
        url
      }
      failure {
        code
        message
      }
    }
  }
`;

export interface GenerateVideoInput {
  readonly image: string;
  readonly prompt: string;
  readonly idempotencyKey: string;
}

export interface GenerateVideoData {
  readonly generateVideo?: { readonly job?: { readonly id: string }; readonly message?: string } | null;
}

export interface VideoJob {
  readonly id: string;
  readonly version: number;
  /** QUEUED, PROCESSING, COMPLETED or FAILED. */
  readonly status: string;
  readonly isTerminal: boolean;
  readonly progress: number;
  readonly video?: { readonly url?: string | null } | null;
  readonly failure?: { readonly code: string; readonly message: string } | null;
}

export interface VideoJobUpdatedData {
  readonly videoJobUpdated: VideoJob;
}
