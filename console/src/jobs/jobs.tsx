import type { VideoJob } from '@reelgate/client';
import { useVideoJobs, type VideoJobsState } from '@reelgate/client/react';
import { createContext, type ReactNode, use, useEffect, useMemo } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { announcementOf } from './announce.ts';
import { noteJobs } from './known-jobs.ts';
import { PAGE } from './page-size.ts';
import { type QueuePlace, queuePlace } from './queue-place.ts';
import { shortTitle } from './short-title.ts';

const JobsContext = createContext<VideoJobsState | null>(null);

/** Keeps the list of all jobs while any view is shown, and announces their changes. So the connection stays open in all views. */
export function JobsProvider({ children }: { readonly children: ReactNode }) {
  const { announcer } = useGateway();
  const jobs = useVideoJobs({
    pageSize: PAGE,
    onUpdate: (job, before) => {
      const message = announcementOf(job, before?.status);
      if (message !== null) announcer.say(message);
    },
    onDelete: (job) => announcer.say(`Deleted: ${shortTitle(job)}`),
  });
  useEffect(() => noteJobs(jobs.jobs), [jobs.jobs]);
  return <JobsContext value={jobs}>{children}</JobsContext>;
}

/** The list of all jobs. @throws outside of a JobsProvider */
export function useJobs(): VideoJobsState {
  const jobs = use(JobsContext);
  if (jobs === null) throw new Error('useJobs needs a JobsProvider around the component.');
  return jobs;
}

/** A job of the loaded list; undefined when it is not in it. */
export function useListedJob(id: string): VideoJob | undefined {
  return useJobs().jobs.find((job) => job.id === id);
}

/** The place of a job among the waiting jobs of the list; null when it is unknown, and outside of a JobsProvider. */
export function useQueuePlace(id: string): QueuePlace | null {
  const list = use(JobsContext);
  return useMemo(() => (list === null ? null : queuePlace(list.jobs, list.hasMore, id)), [list, id]);
}
