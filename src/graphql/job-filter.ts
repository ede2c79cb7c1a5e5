import { idBound } from '../domain/job/job-id.ts';
import type { JobPhase } from '../domain/job/job.ts';
import { type JobStatus, phasesOf } from '../domain/job/projection.ts';
import type { ListQuery } from '../store/job-store.ts';
import type { Builder } from './builder.ts';
import { badInput } from './errors.ts';
import type { VideoJobTypes } from './types/video-job.ts';

/** The most characters of a searched text after trimming. */
const MAX_SEARCH = 200;

/** A `VideoJobFilter`. */
interface JobFilter {
  readonly status?: readonly JobStatus[] | null | undefined;
  readonly createdAfter?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
  readonly prompt?: string | null | undefined;
}

/** The part of a query that a filter decides. The bounds exclude the ids themselves. */
export type FilteredJobs = Pick<ListQuery, 'phases' | 'olderThan' | 'newerThan' | 'prompt'>;

/** Adds the input `VideoJobFilter`. */
export function defineJobFilter(builder: Builder, Status: VideoJobTypes['Status']) {
  return builder.inputType('VideoJobFilter', {
    description: 'Selects jobs that meet all of these conditions. Null, or absent: no condition.',
    fields: (t) => ({
      status: t.field({ type: [Status], description: 'One of these statuses.' }),
      createdAfter: t.field({
        type: 'DateTime',
        description: 'Created later than this time; the millisecond itself is excluded.',
      }),
      createdBefore: t.field({
        type: 'DateTime',
        description: 'Created earlier than this time; the millisecond itself is excluded.',
      }),
      prompt: t.string({
        description: `The prompt contains all of these words, the last one also as the beginning of a word: 1 to ${MAX_SEARCH} characters after trimming, at least one of them a letter or a digit. Only with the embedded store; with Redis it is refused with code BAD_USER_INPUT.`,
      }),
    }),
  });
}

/**
 * The jobs of a list, by its arguments.
 *
 * @param status the statuses of the list's own argument; a job must have one of them and meet the filter
 * @param searchesPrompts whether the store does
 * @throws GraphQLError with code BAD_USER_INPUT
 */
export function filteredJobs(
  status: readonly JobStatus[] | null | undefined,
  filter: JobFilter | null | undefined,
  searchesPrompts: boolean,
): FilteredJobs {
  const { createdAfter, createdBefore, prompt } = filter ?? {};
  return {
    phases: commonPhases(status ?? null, filter?.status ?? null),
    olderThan: createdBefore == null ? null : idBound(createdBefore.getTime()),
    newerThan: createdAfter == null ? null : idBound(createdAfter.getTime() + 1),
    ...(prompt == null ? {} : { prompt: checkSearch(prompt.trim(), searchesPrompts) }),
  };
}

function commonPhases(
  some: readonly JobStatus[] | null,
  others: readonly JobStatus[] | null,
): readonly JobPhase[] | null {
  const statuses =
    some === null || others === null ? (some ?? others) : some.filter((one) => others.includes(one));
  return statuses === null ? null : phasesOf(statuses);
}

function checkSearch(prompt: string, searchesPrompts: boolean): string {
  if (!searchesPrompts) {
    throw badInput(
      '`filter.prompt` is not supported: this gateway keeps its jobs in Redis, and only the embedded store searches prompts. Leave it out.',
    );
  }
  // Code points, like the lengths of other texts.
  const { length } = Array.from(prompt);
  if (length === 0 || length > MAX_SEARCH) {
    throw badInput(
      `\`filter.prompt\` must have 1 to ${MAX_SEARCH} characters after trimming, not ${length}.`,
    );
  }
  if (!prompt.isWellFormed()) throw badInput('`filter.prompt` must be well-formed Unicode text.');
  if (!/[\p{L}\p{N}]/u.test(prompt)) {
    throw badInput('`filter.prompt` must contain a letter or a digit: only words are searched.');
  }
  return prompt;
}
