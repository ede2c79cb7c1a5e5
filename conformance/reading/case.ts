import { z } from 'zod';

/** What a case may need beside a reachable gateway. See docs/conformance.md. */
export const NEEDS = [
  'job',
  'sandbox',
  'sign-in',
  'federation',
  'known limits',
  'control of the process',
] as const;
export type Need = (typeof NEEDS)[number];

/** What case runs wait for together: each happens once in a run. */
export const MILESTONES = ['job', 'finished job', 'unfinished job', 'stop of the gateway'] as const;
export type Milestone = (typeof MILESTONES)[number];

/** What the results of a step have to be. Values are patterns: see match.ts. */
const Expectation = z.strictObject({
  /** The data of every result, in order. */
  results: z.array(z.unknown()).optional(),
  first: z.unknown().optional(),
  last: z.unknown().optional(),
  every: z.unknown().optional(),
  /** The path of a number that is higher in each result than in the one before. */
  rising: z.string().optional(),
  /** The codes of errors beside the data of the last result. */
  partial: z.array(z.string()).optional(),
  /** The codes of the errors that refused or ended the operation. */
  errors: z.array(z.string()).optional(),
  /** @default `error` with `errors`, else `complete` */
  end: z.enum(['complete', 'error', 'reconnect']).optional(),
});
export type Expectation = z.infer<typeof Expectation>;

const operation = {
  /** An operation of documents.graphql. */
  operation: z.string().optional(),
  /** The text of a document, instead of `operation`. A value: see values.ts. */
  document: z.unknown().optional(),
  operationName: z.string().optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
  variables: z.record(z.string(), z.unknown()).optional(),
  /** `none`, or a bearer token. @default the token of the run */
  token: z.string().optional(),
};
const received = {
  expect: Expectation.optional(),
  /** Names for later steps, with the paths of their values in the data of the last result. */
  save: z.record(z.string(), z.string()).optional(),
};

const Step = z.union([
  /** Sends an operation over the transport and reads to the end. */
  z.strictObject({ send: z.strictObject(operation), ...received }),
  /** Sends an operation by POST, whatever the transport: to prepare something. */
  z.strictObject({ prepare: z.strictObject(operation), ...received }),
  /** Opens subscriptions: the next steps read from the last of them. */
  z.strictObject({ open: z.strictObject({ ...operation, times: z.unknown().optional() }) }),
  /** Reads one result of the open subscription; with `until`, up to one of this pattern; only those of the pattern `where` count. */
  z.strictObject({
    take: z.strictObject({ until: z.unknown().optional(), where: z.unknown().optional() }),
    ...received,
  }),
  /** Reads the open subscription to its end. */
  z.strictObject({ finish: z.literal(true), ...received }),
  z.strictObject({ await: z.enum(MILESTONES) }),
]);
export type Step = z.infer<typeof Step>;

const Case = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** The promise, as a sentence. */
  title: z.string(),
  /** The transports: all that carry operations of a kind, or some by their names. */
  over: z.union([z.enum(['any', 'query', 'mutation', 'subscription']), z.array(z.string())]),
  needs: z.array(z.enum(NEEDS)).default([]),
  /** Reasons not to run it, by the name of a transport; `router` stands for all transports through a router. */
  except: z.record(z.string(), z.string()).default({}),
  steps: z.array(Step).min(1),
});
export type Case = z.infer<typeof Case>;

/** A file of cases. */
export const CaseFile = z.array(Case).min(1);
