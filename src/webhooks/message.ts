import { execute, type GraphQLObjectType, GraphQLSchema, isObjectType, parse } from 'graphql';
import type { Job } from '../domain/job/job.ts';
import { webhookEvent } from '../domain/webhooks.ts';
import type { ClientUrls } from '../graphql/client-urls.ts';
import { JobView } from '../graphql/types/job-view.ts';
import { isoText } from '../graphql/types/scalars.ts';

/** Every field of a finished job but `video.base64`, which has megabytes, and `webhookDeliveries`, which change. */
export const WEBHOOK_DOCUMENT = `{
  id version status waitingFor isTerminal
  request { image prompt negativePrompt resolution videoLength steps seed base64 }
  createdAt startBefore submittedAt startedAt finishedAt
  progress estimatedSubmissionAt estimatedCompletionAt
  upstreamRequestId
  metrics { queueSeconds inferenceSeconds costUsd }
  video { url contentType byteLength expiresAt }
  failure { code message retryable charged }
}`;

const DOCUMENT = parse(WEBHOOK_DOCUMENT);

/** Writes the bodies of webhooks: `{ type, timestamp, data }` with the job as the schema shows it. */
export class WebhookMessages {
  readonly #schema: GraphQLSchema;
  readonly #urls: ClientUrls | null;

  /**
   * @param schema the gateway's schema
   * @param urls URLs of files for receivers; null: the upstream's own
   */
  constructor(schema: GraphQLSchema, urls: ClientUrls | null) {
    this.#schema = new GraphQLSchema({ query: jobTypeOf(schema) });
    this.#urls = urls;
  }

  /**
   * The body of the message about a job's end: JSON, the same text at each attempt unless the settings change.
   *
   * @param job a final one
   * @throws Error when a stored value does not fit the schema
   */
  bodyOf(job: Job): string {
    const endedAt = job.finishedAt ?? job.updatedAt;
    const rootValue = new JobView(job, endedAt, this.#urls);
    const result = execute({ schema: this.#schema, document: DOCUMENT, rootValue });
    if (result instanceof Promise) throw new Error('A field of the message is read asynchronously.');
    const { data, errors } = result;
    if (errors !== undefined)
      throw new Error(`The message about job ${job.id} cannot be written.`, { cause: errors[0] });
    return JSON.stringify({ type: webhookEvent(job), timestamp: isoText(endedAt), data });
  }
}

function jobTypeOf(schema: GraphQLSchema): GraphQLObjectType {
  const type = schema.getType('VideoJob');
  if (!isObjectType(type)) throw new Error('The schema has no VideoJob.');
  return type;
}
