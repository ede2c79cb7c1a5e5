import { expect, it } from 'vitest';
import { parseTraceparent, validTraceparent } from '../../src/domain/traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

it('a valid traceparent is read', () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
  expect(parseTraceparent(` 00-${TRACE}-${SPAN}-00 `)?.traceFlags).toBe(0);
});

it('a later version is passed on as version 00, without unknown fields and flags', () => {
  expect(validTraceparent(`cc-${TRACE}-${SPAN}-ff-more`)).toBe(`00-${TRACE}-${SPAN}-03`);
  expect(validTraceparent(`cc-${TRACE}-${SPAN}-01`)).toBe(`00-${TRACE}-${SPAN}-01`);
});

it.each([
  ['of version ff', `ff-${TRACE}-${SPAN}-01`],
  ['of version 00 with more fields', `00-${TRACE}-${SPAN}-01-more`],
  ['without flags', `00-${TRACE}-${SPAN}`],
  ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['without a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['with a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ['of another type', { traceparent: `00-${TRACE}-${SPAN}-01` }],
  ['empty', ''],
])('a traceparent %s is ignored', (_, text) => {
  expect(parseTraceparent(text)).toBeNull();
  expect(validTraceparent(text)).toBeNull();
});
