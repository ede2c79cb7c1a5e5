import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HistoryApi } from '../history/history-api.ts';
import { upload, uploadedFile } from '../images/upload-api.ts';
import type { Uploads } from '../images/uploads.ts';
import type { JobFolder } from '../jobs/job-folder.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { ModelApi } from '../jobs/model-api.ts';
import { MODEL } from '../jobs/model-input.ts';
import { PUBLIC_HEADERS, videoFile } from '../video/video-file.ts';
import type { VideoRenderer } from '../video/video-renderer.ts';
import { jsonReply, htmlReply, errorReply } from './reply.ts';
import type { Reply } from './reply.ts';

export interface Services {
  readonly api: ModelApi;
  readonly history: HistoryApi;
  readonly jobs: Jobs;
  readonly folder: JobFolder;
  readonly renderer: VideoRenderer;
  readonly uploads: Uploads;
}

export interface RequestContext {
  readonly request: IncomingMessage;
  /** The origin of the URLs in responses. */
  readonly origin: string;
  /** Aborts when the client disconnects or the sandbox closes. */
  readonly signal: AbortSignal;
}

interface Route {
  readonly methods: readonly string[];
  /** The first capture group is the handler's `id`. */
  readonly path: RegExp;
  readonly needsKey: boolean;
  readonly handle: (services: Services, call: RequestContext, id: string) => Reply | Promise<Reply>;
}

const MODEL_PATTERN = MODEL.replaceAll('.', String.raw`\.`);

const ROUTES: readonly Route[] = [
  {
    methods: ['GET'],
    path: /^\/v2\/requests\/([^/]+)\/status$/,
    needsKey: true,
    handle: ({ api }, { origin }, id) => api.status(id, origin),
  },
  {
    methods: ['GET'],
    path: /^\/v2\/requests\/([^/]+)$/,
    needsKey: true,
    handle: ({ api }, { origin }, id) => api.result(id, origin),
  },
  {
    methods: ['GET'],
    path: /^\/v1\/get-user-credits$/,
    needsKey: true,
    handle: ({ jobs }) => jsonReply(200, { credits: jobs.credits, 'free-credits': 0 }),
  },
  {
    methods: ['GET'],
    path: /^\/inference-request\/request-history$/,
    needsKey: true,
    handle: ({ history }, { request, origin }) => history.list(queryOf(request), origin),
  },
  {
    methods: ['GET'],
    path: /^\/inference-request\/request-history\/([^/]+)$/,
    needsKey: true,
    handle: ({ history }, { origin }, id) => history.byId(id, origin),
  },
  {
    methods: ['POST'],
    path: new RegExp(`^/v2/${MODEL_PATTERN}$`),
    needsKey: true,
    handle: ({ api }, { request, origin }) => api.submit(request, origin),
  },
  {
    methods: ['POST'],
    path: new RegExp(`^/v1/${MODEL_PATTERN}$`),
    needsKey: true,
    handle: ({ api }, { request, signal }) => api.generate(request, signal),
  },
  {
    methods: ['POST'],
    path: /^\/v[12]\/([^/]+)$/,
    needsKey: true,
    handle: (_parts, _call, model) => errorReply(404, `Model ${model} not found`),
  },
  {
    methods: ['POST'],
    path: /^\/upload-asset$/,
    needsKey: true,
    handle: ({ uploads }, { request, origin }) => upload(request, origin, uploads),
  },
  {
    methods: ['GET', 'HEAD', 'OPTIONS'],
    path: /^\/uploads\/([0-9a-f]{32}\.(?:png|jpg|webp))$/,
    needsKey: false,
    handle: ({ uploads }, { request }, name) =>
      request.method === 'OPTIONS' ? PREFLIGHT : uploadedFile(name, uploads),
  },
  {
    methods: ['GET', 'HEAD', 'OPTIONS'],
    path: /^\/videos\/([0-9a-f]{32})\.mp4$/,
    needsKey: false,
    handle: async ({ jobs, folder }, { request }, videoId) => {
      if (request.method === 'OPTIONS') return PREFLIGHT;
      const job = jobs.findVideo(videoId);
      if (job === null) return errorReply(404, 'Video not found', PUBLIC_HEADERS);
      return videoFile(job, folder.videoPath(videoId), request.headers);
    },
  },
  {
    methods: ['GET', 'HEAD', 'OPTIONS'],
    path: /^\/images\/sample\.png$/,
    needsKey: false,
    handle: async ({ renderer }, { request }) => {
      if (request.method === 'OPTIONS') return PREFLIGHT;
      const headers = {
        ...PUBLIC_HEADERS,
        'content-type': 'image/png',
        'cache-control': 'public, max-age=86400',
      };
      return { kind: 'bytes', status: 200, headers, body: await renderer.sampleImage() };
    },
  },
];

const PREFLIGHT: Reply = {
  kind: 'bytes',
  status: 204,
  headers: {
    ...PUBLIC_HEADERS,
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'range',
  },
  body: '',
};

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split('?')[1]);
}

/** Routes a request. An unknown path is a 404; a known path with another method is a 405 with an HTML page [docs]. */
export async function handleRequest(services: Services, call: RequestContext): Promise<Reply> {
  const { request } = call;
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const matching = ROUTES.filter((route) => route.path.test(path));
  const known = matching[0];
  if (known === undefined) return errorReply(404, 'Not found');
  const route = matching.find(({ methods }) => methods.includes(request.method ?? ''));
  if (route === undefined)
    return htmlReply(405, '405 Method Not Allowed', { allow: known.methods.join(', ') });
  const refused = route.needsKey ? checkKey(request.headers) : null;
  return refused ?? (await route.handle(services, call, route.path.exec(path)?.[1] ?? ''));
}

/** The only two keys that are refused. */
const INVALID_KEY = 'SG_invalid';
const FORBIDDEN_KEY = 'SG_forbidden';

/** The error for the request's key; null when the key is accepted. The `Authorization` header is ignored [docs]. */
function checkKey(headers: IncomingHttpHeaders): Reply | null {
  const key = headers['x-api-key'];
  if (typeof key !== 'string' || key.trim() === '')
    return errorReply(401, 'API key missing: send it as x-api-key');
  if (key === INVALID_KEY) return errorReply(401, 'Invalid API key');
  if (key === FORBIDDEN_KEY) return errorReply(403, 'Insufficient permissions');
  return null;
}
