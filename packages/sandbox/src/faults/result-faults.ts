import type { Fault, ScriptedResponse } from './fault.ts';
import { BAD_GATEWAY, UNKNOWN_ID, times } from './responses.ts';

/** The result with these fields instead of `video` and `output`. */
function resultWith(fields: (url: string) => Readonly<Record<string, unknown>>): ScriptedResponse {
  return { kind: 'reshape', fields: (url) => ({ video: undefined, output: undefined, ...fields(url) }) };
}

/** Completed jobs whose result is late, missing, or in another shape. */
export const RESULT_FAULTS: readonly Fault[] = [
  {
    name: 'result-error',
    description: 'the result answers 502 with an HTML page three times',
    outcome: 'COMPLETED',
    result: times(3, BAD_GATEWAY),
  },
  {
    name: 'result-late',
    description: 'status says COMPLETED while the result still says PROCESSING, twice',
    outcome: 'COMPLETED',
    result: times(2, {
      kind: 'patch',
      fields: { status: 'PROCESSING', video: undefined, output: undefined },
    }),
  },
  {
    name: 'result-expired',
    description:
      'status says COMPLETED, but the result always answers 404; the request history has the video',
    outcome: 'COMPLETED',
    resultAlways: UNKNOWN_ID,
  },
  {
    name: 'result-unreadable',
    description: 'the result is always truncated JSON; the request history has the video',
    outcome: 'COMPLETED',
    resultAlways: { kind: 'truncate' },
  },
  {
    name: 'result-base64-none',
    description: 'the result is COMPLETED with `output: "None"`, and so is the request history',
    outcome: 'GENERATION_FAILED',
    resultAlways: resultWith(() => ({ output: 'None' })),
    history: 'no-video',
  },
  {
    name: 'output-only',
    description: 'the result has `output` alone and no `video`, as seen for other models',
    outcome: 'COMPLETED',
    resultAlways: { kind: 'patch', fields: { video: undefined } },
  },
  {
    name: 'result-list',
    description: 'the result has its URL in a list: `output: ["https://…"]`',
    outcome: 'COMPLETED',
    resultAlways: resultWith((url) => ({ output: [url] })),
  },
  {
    name: 'result-video-url',
    description: 'the result has its URL in `video_url`',
    outcome: 'COMPLETED',
    resultAlways: resultWith((url) => ({ video_url: url })),
  },
  {
    name: 'result-videos',
    description: 'the result has its URL in `videos: [{"url"}]`',
    outcome: 'COMPLETED',
    resultAlways: resultWith((url) => ({ videos: [{ url }] })),
  },
  {
    name: 'result-raw',
    description: 'the result is the bytes of the MP4 instead of JSON',
    outcome: 'COMPLETED',
    resultAlways: { kind: 'video-file' },
  },
];
