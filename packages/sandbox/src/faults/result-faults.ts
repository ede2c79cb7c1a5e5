import type { Fault, ScriptedResponse } from './fault.ts';
import { BAD_GATEWAY, UNKNOWN_ID, times } from './responses.ts';

/** The result with these fields in the place of `video` and `output`. */
function resultWith(fields: (url: string) => Readonly<Record<string, unknown>>): ScriptedResponse {
  return { kind: 'reshape', fields: (url) => ({ video: undefined, output: undefined, ...fields(url) }) };
}

/** Completed jobs whose result is late, lost, or in another shape. */
export const RESULT_FAULTS: readonly Fault[] = [
  {
    name: 'result-error',
    what: 'the result answers 502 with an HTML page three times',
    ends: 'COMPLETED',
    result: times(3, BAD_GATEWAY),
  },
  {
    name: 'result-late',
    what: 'status says COMPLETED while the result still says PROCESSING, twice',
    ends: 'COMPLETED',
    result: times(2, {
      kind: 'patch',
      fields: { status: 'PROCESSING', video: undefined, output: undefined },
    }),
  },
  {
    name: 'result-expired',
    what: 'status says COMPLETED, but the result answers 404 for ever; the request history knows the video',
    ends: 'COMPLETED',
    resultAlways: UNKNOWN_ID,
  },
  {
    name: 'result-unreadable',
    what: 'the result is truncated JSON for ever; the request history knows the video',
    ends: 'COMPLETED',
    resultAlways: { kind: 'truncate' },
  },
  {
    name: 'result-base64-none',
    what: 'the result says COMPLETED with `output: "None"` for ever, and so does the request history',
    ends: 'GENERATION_FAILED',
    resultAlways: resultWith(() => ({ output: 'None' })),
    history: 'no-video',
  },
  {
    name: 'output-only',
    what: 'the result has `output` alone and no `video`, as seen for other models',
    ends: 'COMPLETED',
    resultAlways: { kind: 'patch', fields: { video: undefined } },
  },
  {
    name: 'result-list',
    what: 'the result has its URL in a list: `output: ["https://…"]`',
    ends: 'COMPLETED',
    resultAlways: resultWith((url) => ({ output: [url] })),
  },
  {
    name: 'result-video-url',
    what: 'the result has its URL in `video_url`',
    ends: 'COMPLETED',
    resultAlways: resultWith((url) => ({ video_url: url })),
  },
  {
    name: 'result-videos',
    what: 'the result has its URL in `videos: [{"url"}]`',
    ends: 'COMPLETED',
    resultAlways: resultWith((url) => ({ videos: [{ url }] })),
  },
  {
    name: 'result-raw',
    what: 'the result is the bytes of the MP4 instead of JSON',
    ends: 'COMPLETED',
    resultAlways: { kind: 'video-file' },
  },
];
