/** The place of an operation in a trace, as W3C Trace Context describes it. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** From 0 to 255; bit 0: the trace is sampled. */
  readonly traceFlags: number;
}

/** Later versions may append fields to those of version 00. */
const FORMAT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
/** The flags of version 00: `sampled`, and `random` of level 2. */
const KNOWN_FLAGS = 0b11;

/**
 * Reads a `traceparent`.
 *
 * @param text of a client, so it may be anything
 * @returns null when it is not valid: as the specification says, it is then ignored
 * @see https://www.w3.org/TR/trace-context/
 */
export function parseTraceparent(text: unknown): TraceContext | null {
  if (typeof text !== 'string') return null;
  const [, version, traceId, spanId, flags = '', more] = FORMAT.exec(text.trim()) ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  if (version === '00' && more !== undefined) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, traceFlags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & KNOWN_FLAGS).toString(16).padStart(2, '0')}`;
}

/** A client's `traceparent` as this gateway passes it on; null when it is not valid. */
export function validTraceparent(text: unknown): string | null {
  const context = parseTraceparent(text);
  return context === null ? null : formatTraceparent(context);
}
