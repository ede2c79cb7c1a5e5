'use client';
export { ReelgateProvider, type ReelgateProviderProps, useReelgate } from './provider.ts';
export { type GenerateVideoState, useGenerateVideo } from './use-generate-video.ts';
export { useVideoJob, type UseVideoJobOptions, type VideoJobState } from './use-video-job.ts';
export { useVideoJobs, type UseVideoJobsOptions, type VideoJobsState } from './use-video-jobs.ts';
