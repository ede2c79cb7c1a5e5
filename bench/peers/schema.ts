import { readFileSync } from 'node:fs';
import { completedState, type JobState } from '../sample.ts';

/** The schema that Reelgate publishes. */
export const typeDefs = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

const jobs = new Map<string, JobState>();
for (let number = 0; number < 1000; number += 1) {
  const job = completedState(number);
  jobs.set(job.id, job);
}

/** Resolves the sample's jobs from memory, the cheapest source. */
export const queryResolvers = {
  videoJob: (_: unknown, { id }: { id: string }) => jobs.get(id) ?? null,
};
