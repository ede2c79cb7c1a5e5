import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '@reelgate/sandbox';
import type { Sandbox, SandboxOptions } from '@reelgate/sandbox';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';

export const SUBMIT = '/v2/wan2.1-i2v-480p';
export const KEY = { 'x-api-key': 'SG_test' };

/** A folder that is deleted after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A clock that only `advance` moves. */
export class FakeClock {
  now = Date.UTC(2026, 10, 1);
  readonly read = (): number => this.now;

  advance(ms: number): void {
    this.now += ms;
  }
}

/** Every job takes the same time: about 0.5 s in the queue, then 6 s. */
export const steady = (): number => 0.5;

/** Starts a sandbox that is closed after the test. */
export async function sandbox(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const running = await startSandbox({ folder: options.folder ?? (await temporaryFolder()), ...options });
  onTestFinished(() => running[Symbol.asyncDispose]());
  return running;
}

/** A small photograph-like PNG as a `data:` URL. */
export async function pictureUrl(width = 120, height = 80): Promise<string> {
  return `data:image/png;base64,${(await picture(width, height)).toString('base64')}`;
}

export async function picture(width = 120, height = 80): Promise<Buffer> {
  const gradient = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="g"><stop offset="0" stop-color="#c22"/><stop offset="1" stop-color="#22c"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/></svg>`;
  return sharp(Buffer.from(gradient)).png().toBuffer();
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed text; null when it is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

export async function call(url: string, init: RequestInit = {}): Promise<Answer> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(KEY)) headers.set(name, value);
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) };
}

/** Submits a job. Fields that are undefined are left out. */
export async function submit(url: string, fields: Record<string, unknown> = {}): Promise<Answer> {
  return call(`${url}${SUBMIT}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      image: await pictureUrl(),
      prompt: 'The sea at night',
      resolution: 360,
      video_length: 1,
      ...fields,
    }),
  });
}

/** Submits a job that must be accepted. @returns its id */
export async function accepted(url: string, fields: Record<string, unknown> = {}): Promise<string> {
  const answer = await submit(url, fields);
  if (answer.status !== 200) throw new Error(`submit answered ${answer.status}: ${answer.text}`);
  return textOf(answer.body, 'request_id');
}

export function statusOf(url: string, id: string): Promise<Answer> {
  return call(`${url}/v2/requests/${id}/status`);
}

export function resultOf(url: string, id: string): Promise<Answer> {
  return call(`${url}/v2/requests/${id}`);
}

/** The rows of the first page of the request history. */
export async function historyRows(url: string, query = ''): Promise<readonly Record<string, unknown>[]> {
  const { body, status, text } = await history(url, query);
  const rows = body?.['data'];
  if (!Array.isArray(rows)) throw new Error(`history answered ${status}: ${text}`);
  return rows.map((row: unknown) => objectOf({ row }, 'row'));
}

/** Requests the list, or with a path such as `/{id}` one row. */
export function history(url: string, rest = ''): Promise<Answer> {
  return call(`${url}/inference-request/request-history${rest}`);
}

/** Waits for the final status response. */
export function ended(url: string, id: string): Promise<Answer> {
  return until(async () => {
    const answer = await statusOf(url, id);
    return answer.body?.['status'] === 'COMPLETED' || answer.body?.['status'] === 'FAILED' ? answer : null;
  });
}

/** Polls until the result is not null. */
export async function until<T>(ask: () => Promise<T | null>, withinMs = 30_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`no result within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export function textOf(body: Readonly<Record<string, unknown>> | null, field: string): string {
  const value = body?.[field];
  if (typeof value !== 'string') throw new Error(`no ${field}`);
  return value;
}

/** Reads a field that must be an object. */
export function objectOf(
  body: Readonly<Record<string, unknown>> | null,
  field: string,
): Readonly<Record<string, unknown>> {
  const value = body?.[field];
  if (typeof value !== 'object' || value === null) throw new Error(`no ${field}`);
  return { ...value };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
