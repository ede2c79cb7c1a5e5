import type { Builder } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import {
  notFound,
  type VideoJobNotFound,
  type VideoJobNotFoundRef,
} from '../mutations/video-job-not-found.ts';
import { recordError } from './gateway-status.ts';

/** How many values a call counts as: it reads and writes a record. */
const RELEASE_COST = 50;

type ReleaseOutcome =
  | { readonly type: 'ReleaseQuarantinedRecordSuccess'; readonly id: string }
  | { readonly type: 'ReleaseQuarantinedRecordUnreadable'; readonly error: string }
  | VideoJobNotFound;
type Outcome<T extends ReleaseOutcome['type']> = Extract<ReleaseOutcome, { type: T }>;

/** Adds `releaseQuarantinedRecord` to `Mutation`. */
export function defineReleaseQuarantinedRecord(builder: Builder, NotFound: VideoJobNotFoundRef): void {
  const Success = builder
    .objectRef<Outcome<'ReleaseQuarantinedRecordSuccess'>>('ReleaseQuarantinedRecordSuccess')
    .implement({
      description: 'The record is back. An unfinished job continues at once.',
      fields: (t) => ({ id: t.exposeID('id', { description: 'The job’s id.' }) }),
    });
  const Unreadable = builder
    .objectRef<Outcome<'ReleaseQuarantinedRecordUnreadable'>>('ReleaseQuarantinedRecordUnreadable')
    .implement({
      description: 'The record still cannot be read, so nothing was changed.',
      fields: (t) => ({
        message: t.string({
          description: 'What is wrong with it, for people.',
          extensions: { maxBytes: 1500 },
          resolve: ({ error }) => `The record cannot be read: ${recordError(error)} Repair it first.`,
        }),
      }),
    });
  const Result = builder.unionType('ReleaseQuarantinedRecordResult', {
    description: 'The released record, or why it was not released.',
    types: [Success, Unreadable, NotFound],
    resolveType: ({ type }) => type,
  });
  builder.mutationFields((t) => ({
    releaseQuarantinedRecord: t.field({
      type: Result,
      nullable: true,
      description:
        'Puts a record of the quarantine back after it was repaired. Needs the scope `gateway:admin`.',
      extensions: { cost: RELEASE_COST },
      args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
      resolve: (_, { id }, context) => release(context, id),
    }),
  }));
}

/** @throws StoreUnavailableError; GraphQLError with code FORBIDDEN */
async function release({ services, caller }: GraphQLContext, id: string): Promise<ReleaseOutcome> {
  requireOwner(caller, 'gateway:admin');
  const { operator, clock } = services;
  const outcome = await operator.actions.releaseRecord(id, clock.now());
  switch (outcome.type) {
    case 'released':
      return { type: 'ReleaseQuarantinedRecordSuccess', id };
    case 'unreadable':
      return { type: 'ReleaseQuarantinedRecordUnreadable', error: outcome.error };
    case 'missing':
      return notFound(id);
  }
}
