import { type Context, type Link, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { parseTraceparent } from '../../domain/traceparent.ts';

/** Where a span belongs that continues a trace of another process, or of an earlier time. */
export interface RemoteParent {
  readonly context: Context;
  /** To the parent. */
  readonly link: Link;
}

/** @returns null when the text is not a valid `traceparent` */
export function remoteParent(traceparent: string | null): RemoteParent | null {
  const parsed = parseTraceparent(traceparent);
  if (parsed === null) return null;
  const spanContext: SpanContext = { ...parsed, isRemote: true };
  return { context: trace.setSpanContext(ROOT_CONTEXT, spanContext), link: { context: spanContext } };
}
