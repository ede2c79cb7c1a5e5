import { z } from 'zod';

const DAY_MS = 24 * 3_600_000;
const MAX_DAYS = 31;
const DEFAULT_DAYS = 7;

const number = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const date = z.iso.date('must be a date, YYYY-MM-DD').optional();

/** Names, ranges and defaults: [SDK 1.3.0]. Which fields can be sorted by, besides `model_created`, is [unknown]. */
const querySchema = z.object({
  page: number.pipe(z.number().min(1, 'must be 1 or more')).default(1),
  per_page: number.pipe(z.number().min(1, 'must be 1 to 100').max(100, 'must be 1 to 100')).default(20),
  from_date: date,
  to_date: date,
  model_name: z.string().default(''),
  status: z.enum(['COMPLETED', 'FAILED', 'PENDING'], 'must be COMPLETED, FAILED or PENDING').optional(),
  sort_by: z
    .enum(
      ['model_created', 'latency_ms', 'credits_deduction'],
      'must be model_created, latency_ms or credits_deduction',
    )
    .default('model_created'),
  sort_order: z.enum(['asc', 'desc'], 'must be asc or desc').default('desc'),
});

/** Which rows of the request history are asked for. */
export type HistoryQuery = Omit<z.infer<typeof querySchema>, 'from_date' | 'to_date'> & {
  /** Epoch ms: the first moment of the first day, and the first moment after the last day. Days are UTC. */
  readonly from: number;
  readonly to: number;
};

/** Reads the query of the list; or the error that names every parameter at fault. Parameters it does not know are ignored. */
export function readHistoryQuery(
  parameters: URLSearchParams,
  now: number,
): { query: HistoryQuery } | { error: string } {
  const parsed = querySchema.safeParse(Object.fromEntries(parameters));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return { error: `Invalid query: ${issues.join('; ')}` };
  }
  const { from_date, to_date, ...rest } = parsed.data;
  const lastDay = to_date === undefined ? now - (now % DAY_MS) : Date.parse(to_date);
  const from = from_date === undefined ? lastDay - DEFAULT_DAYS * DAY_MS : Date.parse(from_date);
  if (from > lastDay) return { error: 'Invalid query: from_date is after to_date' };
  if (lastDay - from > MAX_DAYS * DAY_MS) {
    return { error: `Invalid query: from_date is more than ${MAX_DAYS} days before to_date` };
  }
  return { query: { ...rest, from, to: lastDay + DAY_MS } };
}
