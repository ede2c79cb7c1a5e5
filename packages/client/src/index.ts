export type {
  Connection,
  ConnectionState,
  Operation,
  OperationResult,
  Sink,
} from './connection/connection.ts';
export { ReelgateError, VideoJobFailedError } from './errors.ts';
export {
  createReelgate,
  type GenerateOptions,
  type JobsOptions,
  type JobToken,
  type JobTokenOptions,
  type Reelgate,
  type ReelgateOptions,
  type RequestOptions,
  type SubmitOptions,
  type UploadOptions,
  type VideoJobChange,
  type VideoJobPage,
  type WatchOptions,
} from './reelgate.ts';
export type * from './types.ts';
