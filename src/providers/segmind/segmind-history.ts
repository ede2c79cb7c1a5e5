import {
  type CallOptions,
  type HistoryOutcome,
  type HistoryQuery,
  type LookUpOutcome,
  requestKey,
} from '../video-upstream.ts';
import {
  answerError,
  callError,
  isProxyError,
  isSuccess,
  readAnswer,
  TRANSIENT_4XX,
  type UpstreamAnswer,
} from './answers/answer.ts';
import { isObject, parseJson } from './answers/json.ts';
import { summaryOfRead } from './call-summaries.ts';
import {
  HISTORY_PAGE_ROWS,
  HISTORY_SORT_FIELD,
  MODEL,
  type Payload,
  PAYLOAD_DEFAULTS,
  toPayload,
} from './facts.ts';
import { findRows, type HistoryRow, mergeRows, readRow } from './history-rows.ts';
import { type HttpAnswer, HttpClient, type HttpClientOptions } from './http/http-client.ts';

/** A page has the inputs of 100 requests, with images in base64. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The vendor's request history [SDK 1.3.0]. No live answer was seen: the names of the list and of the times are unknown, so several
 * are tried. An answer that cannot be read is `unusable`.
 */
export class SegmindHistory implements AsyncDisposable {
  readonly #http: HttpClient;
  readonly #path: string;

  /** @param url of the history, see historyUrl */
  constructor(url: URL, options: Omit<HttpClientOptions, 'origin'>) {
    this.#http = new HttpClient({ ...options, origin: url.origin });
    this.#path = url.pathname.replace(/\/+$/, '');
  }

  async find(query: HistoryQuery, options: CallOptions): Promise<HistoryOutcome> {
    const parameters = new URLSearchParams({
      page: String(query.page),
      per_page: String(HISTORY_PAGE_ROWS),
      // Whole days by the upstream's clock, which may differ from ours.
      from_date: dayOf(query.from - DAY_MS),
      to_date: dayOf(query.to + DAY_MS),
      model_name: MODEL,
      sort_by: HISTORY_SORT_FIELD,
      sort_order: 'desc',
    });
    const call = {
      ...options,
      name: 'history',
      method: 'GET',
      path: `${this.#path}?${parameters.toString()}`,
      maxBodyBytes: MAX_PAGE_BYTES,
    } as const;
    return this.#http.call(call, (answer) => readPage(answer, query), summaryOfRead);
  }

  async lookUp(upstreamId: string, options: CallOptions): Promise<LookUpOutcome> {
    const call = {
      ...options,
      name: 'lookup',
      upstreamId,
      method: 'GET',
      path: `${this.#path}/${encodeURIComponent(upstreamId)}`,
      maxBodyBytes: MAX_PAGE_BYTES,
    } as const;
    return this.#http.call(call, (answer) => readLookUp(answer, upstreamId), summaryOfRead);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

/** YYYY-MM-DD in UTC. */
function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

type HistoryError = Extract<HistoryOutcome, { type: 'inconclusive' | 'unusable' }>;

function readPage(http: HttpAnswer, query: HistoryQuery): HistoryOutcome {
  if (http.type !== 'answered') return { type: 'inconclusive', ...callError(http) };
  const answer = readAnswer(http);
  if (!isSuccess(answer) || answer.body === null) return readError(answer);
  const found = findRows(answer.json);
  if (found === null) return unusable(`the answer has no list: ${answerError(answer).reason}`);
  const rows = found.map((row) => readRow(row, answer.clockOffsetMs)).filter((row) => row !== null);
  const times = rows.map((row) => row.createdAt).filter((time) => time !== null);
  if (found.length > 0 && times.length === 0) {
    return unusable('no row of the answer has a readable id and time of creation');
  }
  const payload = toPayload(query.request);
  const matches = rows.filter((row) => row.isOurModel && hasSameInputs(row.inputs, payload));
  const byId = Map.groupBy(matches, (row) => row.upstreamId);
  const entries = byId
    .values()
    .map(([first, ...others]) => (first === undefined ? [] : [mergeRows([first, ...others])]))
    .toArray()
    .flat()
    .filter(({ createdAt }) => createdAt !== null && createdAt >= query.from && createdAt <= query.to)
    .toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  const oldestAt = times.length === 0 ? null : Math.min(...times);
  const more = found.length >= HISTORY_PAGE_ROWS && oldestAt !== null && oldestAt >= query.from;
  return { type: 'page', entries, oldestAt, more };
}

/**
 * Whether a request of the history has the inputs of a payload. Other fields are ignored. A number or boolean equals its
 * text (`480` and `"480"`). An absent field equals the vendor's default.
 *
 * @param body an object, or its JSON as a text
 */
function hasSameInputs(body: unknown, payload: Payload): boolean {
  const inputs = typeof body === 'string' ? parseJson(body) : body;
  if (!isObject(inputs)) return false;
  const defaults = new Map<string, unknown>(Object.entries(PAYLOAD_DEFAULTS));
  return Object.entries(payload).every(([name, sent]) => isSame(inputs[name] ?? defaults.get(name), sent));
}

function isSame(shown: unknown, sent: unknown): boolean {
  if (typeof sent === 'string') return shown === sent;
  if (typeof sent === 'boolean') return String(shown).toLowerCase() === String(sent);
  return typeof shown === 'string' ? shown.trim() !== '' && Number(shown) === sent : shown === sent;
}

function readLookUp(http: HttpAnswer, upstreamId: string): LookUpOutcome {
  if (http.type !== 'answered') return { type: 'inconclusive', ...callError(http) };
  const answer = readAnswer(http);
  const { status, json, isHtml, errorText } = answer;
  // The history refuses requests of teammates with 403. An HTML page comes from a proxy.
  if (!isHtml && (status === 403 || (status === 404 && (json !== undefined || errorText !== null)))) {
    return { type: 'not-found' };
  }
  if (!isSuccess(answer) || answer.body === null) return readError(answer);
  const list = findRows(json);
  const [first, ...others] = [...oneRow(json), ...(list ?? [])]
    .map((row) => readRow(row, answer.clockOffsetMs))
    .filter(
      (row): row is HistoryRow => row !== null && requestKey(row.upstreamId) === requestKey(upstreamId),
    );
  if (first !== undefined) {
    return { type: 'found', entry: { ...mergeRows([first, ...others]), upstreamId } };
  }
  return list?.length === 0
    ? { type: 'not-found' }
    : unusable(`the answer does not show the request: ${answerError(answer).reason}`);
}

/** Places of a single row outside a list. */
function oneRow(json: unknown): readonly unknown[] {
  return isObject(json) ? [json, json['data'], json['result'], json['request'], json['item']] : [];
}

function readError(answer: UpstreamAnswer): HistoryError {
  const error = answerError(answer);
  const { status } = answer;
  // The connection ended within the answer.
  const isCutShort = isSuccess(answer) && answer.body === null;
  if (isCutShort || isProxyError(status) || TRANSIENT_4XX.has(status))
    return { type: 'inconclusive', ...error };
  return unusable(error.reason);
}

function unusable(reason: string): HistoryError {
  return { type: 'unusable', reason: `The request history cannot be used: ${reason}` };
}
