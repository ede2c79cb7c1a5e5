import { resolveCursorConnection } from '@pothos/plugin-relay';
import { isJobId } from '../domain/job/job-id.ts';
import { type Builder, DEFAULT_PAGE, MAX_PAGE } from './builder.ts';
import { requireOwner } from './context.ts';
import { badInput } from './errors.ts';
import { defineJobFilter, filteredJobs } from './job-filter.ts';
import { JobView } from './types/job-view.ts';
import type { VideoJobTypes } from './types/video-job.ts';

/** How many values reading a list of jobs counts as, in addition to the values in it. */
export const LIST_COST = 50;

/** Adds `Query` with `videoJob` and the connection `videoJobs`. */
export function defineQuery(builder: Builder, { VideoJob, Status }: VideoJobTypes): void {
  const Filter = defineJobFilter(builder, Status);
  builder.queryType({
    description: 'Reads jobs.',
    fields: (t) => ({
      videoJob: t.field({
        type: VideoJob,
        nullable: true,
        description: 'One job; null when it is unknown, deleted after its retention, or another owner’s.',
        args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
        resolve: (_, { id }, { jobs }) => jobs.load(id),
      }),
      videoJobs: t.connection(
        {
          type: VideoJob,
          description: 'The caller’s jobs, newest first, by pages.',
          extensions: {
            cost: LIST_COST,
            directives: {
              listSize: {
                assumedSize: DEFAULT_PAGE,
                slicingArguments: ['first', 'last'],
                sizedFields: ['edges', 'nodes'],
                requireOneSlicingArgument: false,
              },
            },
          },
          args: {
            status: t.arg({
              type: [Status],
              description:
                'Only jobs with one of these statuses; null for all. With `filter.status` too, only statuses in both lists.',
            }),
            filter: t.arg({ type: Filter, description: 'Only jobs that meet its conditions.' }),
          },
          resolve: async (_, args, { services: { store, clock }, caller, media }) => {
            requireOwner(caller, 'video:read');
            const { ownerId } = caller;
            checkPage(args.first, args.last);
            const filtered = filteredJobs(args.status, args.filter, store.searchesPrompts);
            const page = await resolveCursorConnection<Promise<JobView[]>>(
              { args, defaultSize: DEFAULT_PAGE, maxSize: MAX_PAGE, toCursor: ({ id }) => id },
              async ({ after, before, limit, inverted }) => {
                const found = await store.list({
                  ...filtered,
                  ownerId,
                  olderThan: smaller(checkCursor('after', after), filtered.olderThan),
                  newerThan: greater(checkCursor('before', before), filtered.newerThan),
                  ascending: inverted,
                  limit,
                });
                return found.map((job) => new JobView(job, clock.now(), media));
              },
            );
            if (page.edges.length > 0) return page;
            return { ...page, pageInfo: { ...page.pageInfo, startCursor: null, endCursor: null } };
          },
        },
        { name: 'VideoJobConnection', description: 'A page of jobs.' },
        { name: 'VideoJobEdge', description: 'A job in a page.' },
      ),
    }),
  });
}

function checkPage(first: number | null | undefined, last: number | null | undefined): void {
  if (first != null && last != null) throw badInput('Give `first` or `last`, not both.');
  for (const [name, size] of Object.entries({ first, last })) {
    if (size != null && (size < 1 || size > MAX_PAGE)) {
      throw badInput(`\`${name}\` must be from 1 to ${MAX_PAGE}, not ${size}.`);
    }
  }
}

function checkCursor(name: string, cursor: string | null | undefined): string | null {
  if (cursor == null) return null;
  if (isJobId(cursor)) return cursor;
  throw badInput(`\`${name}\` is not a cursor of this list.`);
}

/** The stricter of two bounds; null: no bound. */
function smaller(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b < a) ? b : a;
}

function greater(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}
