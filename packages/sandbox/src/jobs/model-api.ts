import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setInterval } from 'node:timers/promises';
import { FaultInjector, inject, unknownIdReply } from '../faults/fault-injector.ts';
import type { ResponseContext } from '../faults/fault-injector.ts';
import type { Fault, ScriptedResponse } from '../faults/fault.ts';
import { faultIn, faultNamed } from '../faults/faults.ts';
import { MAX_BODY_BYTES, readBody } from '../http/read-body.ts';
import { errorReply } from '../http/reply.ts';
import type { FileReply, Reply } from '../http/reply.ts';
import type { JobFolder } from './job-folder.ts';
import { resultReply, statusReply, submitReply, videoUrl } from './job-replies.ts';
import { inputOf, stateAt } from './job.ts';
import type { Job, JobState } from './job.ts';
import type { Jobs } from './jobs.ts';
import { readModelInput } from './model-input.ts';

/** Poll interval of a synchronous call. */
const POLL_MS = 40;
/** Timeout of a synchronous call. It then returns a 504, and the job continues. */
const SYNC_MS = 600_000;

/** The calls of the model: submit, status, result and the synchronous call. The caller has checked the key. */
export class ModelApi {
  readonly #jobs: Jobs;
  readonly #folder: JobFolder;
  readonly #clock: () => number;
  readonly #injector = new FaultInjector();

  constructor(jobs: Jobs, folder: JobFolder, clock: () => number) {
    this.#jobs = jobs;
    this.#folder = folder;
    this.#clock = clock;
  }

  /** `POST /v2/{model}` */
  async submit(request: IncomingMessage, origin: string): Promise<Reply> {
    const read = await readSubmission(request);
    if ('refused' in read) return read.refused;
    const { response, creates } = this.#submitResponse(read);
    if (!creates && response !== null) return this.#refuse(response);
    const job = await this.#jobs.create(read.body, read.fault);
    if (job === null) return errorReply(429, 'Too many requests');
    return inject(response, submitReply(job, origin), this.#contextOf(job, { status: 'QUEUED' }, origin));
  }

  /** `GET /v2/requests/{id}/status` */
  status(id: string, origin: string): Reply {
    const job = this.#jobs.find(id);
    if (job === null) return unknownIdReply(id);
    const state = stateAt(job, this.#clock());
    const fault = faultNamed(job.fault);
    const response = sharedResponse(fault, state) ?? this.#injector.next(`status ${id}`, fault?.status);
    return inject(response, statusReply(job, state, origin), this.#contextOf(job, state, origin));
  }

  /** `GET /v2/requests/{id}` */
  async result(id: string, origin: string): Promise<Reply> {
    const job = this.#jobs.find(id);
    if (job === null) return unknownIdReply(id);
    const state = stateAt(job, this.#clock());
    const asBase64 = state.status === 'COMPLETED' && inputOf(job)?.base64 === true;
    const normalReply = resultReply(job, state, origin, asBase64 ? await this.#base64(job) : null);
    return inject(this.#resultResponse(job, state), normalReply, this.#contextOf(job, state, origin));
  }

  /** `POST /v1/{model}`: waits for the video and returns its bytes [page]. An invalid input is a 400 here [page]. */
  async generate(request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const read = await readSubmission(request);
    if ('refused' in read) return read.refused;
    const { response, creates } = this.#submitResponse(read);
    if (response !== null && !creates) return this.#refuse(response);
    const input = readModelInput(read.body);
    if ('error' in input) return errorReply(400, input.error);
    const job = await this.#jobs.create(read.body, read.fault);
    if (job === null) return errorReply(429, 'Too many requests');
    if (response?.kind === 'destroy' || response?.kind === 'hang' || response?.kind === 'bytes')
      return response;
    const state = await this.#waitForEnd(job.id, signal);
    if (state === null) return errorReply(504, 'Request timed out');
    if (state.status === 'FAILED') return errorReply(500, state.error);
    return this.#videoReply(job, state.byteLength);
  }

  #videoReply(job: Job, byteLength: number): FileReply {
    return {
      kind: 'file',
      status: 200,
      headers: { 'content-type': 'video/mp4' },
      path: this.#folder.videoPath(job.videoId),
      start: 0,
      length: byteLength,
    };
  }

  #submitResponse({ fault, key }: Submission): { response: ScriptedResponse | null; creates: boolean } {
    const script = fault?.submit;
    const creates = script?.creates ?? false;
    if (script?.always !== undefined) return { response: script.always, creates };
    const response = this.#injector.next(`submit ${key}`, script?.first);
    // The submission was accepted: the same body, sent again, gets the scripted responses again.
    if (response === null) this.#injector.reset(`submit ${key}`);
    return { response, creates };
  }

  #resultResponse(job: Job, state: JobState): ScriptedResponse | null {
    const fault = faultNamed(job.fault);
    const shared = sharedResponse(fault, state);
    if (shared !== null || !isFinal(state)) return shared;
    return fault?.resultAlways ?? this.#injector.next(`result ${job.id}`, fault?.result);
  }

  /** The response to a submission that creates no job. */
  #refuse(response: ScriptedResponse): Reply {
    const context = { now: this.#clock(), jobId: '', videoUrl: '', video: null };
    return inject(response, errorReply(500, 'Internal server error'), context);
  }

  #contextOf(job: Job, state: JobState, origin: string): ResponseContext {
    const video = state.status === 'COMPLETED' ? this.#videoReply(job, state.byteLength) : null;
    return { now: this.#clock(), jobId: job.id, videoUrl: videoUrl(job, origin), video };
  }

  async #base64(job: Job): Promise<string> {
    return readFile(this.#folder.videoPath(job.videoId), 'base64');
  }

  /** @returns the final state; null after SYNC_MS or when the job has expired. @throws when `signal` aborts */
  async #waitForEnd(id: string, signal: AbortSignal): Promise<FinalState | null> {
    const end = performance.now() + SYNC_MS;
    for await (const _ of setInterval(POLL_MS, undefined, { signal })) {
      const job = this.#jobs.find(id);
      if (job === null || performance.now() >= end) return null;
      const state = stateAt(job, this.#clock());
      if (isFinal(state)) return state;
    }
    return null;
  }
}

type FinalState = Extract<JobState, { status: 'COMPLETED' | 'FAILED' }>;

interface Submission {
  readonly body: object;
  readonly fault: Fault | null;
  /** Hash of the body: equal bodies have equal keys. */
  readonly key: string;
}

async function readSubmission(request: IncomingMessage): Promise<Submission | { refused: Reply }> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return { refused: errorReply(406, 'Invalid content type') };
  const text = await readBody(request);
  if (text === null) {
    const refused = errorReply(413, `Body longer than ${MAX_BODY_BYTES} bytes`, { connection: 'close' });
    return { refused };
  }
  const body = parseObject(text);
  if (body === null) return { refused: errorReply(400, 'Invalid JSON body') };
  const prompt = 'prompt' in body && typeof body.prompt === 'string' ? body.prompt : '';
  return { body, fault: faultIn(prompt), key: createHash('sha256').update(text).digest('hex') };
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isFinal(state: JobState): state is FinalState {
  return state.status === 'COMPLETED' || state.status === 'FAILED';
}

/** The scripted response that status and result calls share. */
function sharedResponse(fault: Fault | null, state: JobState): ScriptedResponse | null {
  return (isFinal(state) ? fault?.afterEnd : null) ?? fault?.always ?? null;
}
