import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { byWeight, mediaRanges } from '../graphql/media-type.ts';
import { sendJson } from '../send-json.ts';

/** The path of the metrics, on either port. */
export const METRICS_PATH = '/metrics';

/** Where the metrics come from. */
export interface MetricsSource {
  render(format: 'prometheus' | 'openmetrics'): Promise<string>;
}

const CONTENT_TYPES = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/** Answers requests for the metrics. */
export class MetricsEndpoint {
  readonly #source: MetricsSource;
  readonly #token: Buffer | null;

  /** @param token the bearer token that requests need; null: every request is answered */
  constructor(source: MetricsSource, token: string | null) {
    this.#source = source;
    this.#token = token === null ? null : digest(token);
  }

  /** Answers in OpenMetrics when the Accept header prefers it, else in the Prometheus text format. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('cache-control', 'no-store');
    if (!this.allows(request)) {
      response.setHeader('www-authenticate', 'Bearer realm="metrics"');
      return sendJson(response, 401, {
        error: 'The metrics need the token of METRICS_TOKEN: send it as Authorization: Bearer <token>.',
      });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return sendJson(response, 405, { error: 'Use GET for the metrics.' });
    }
    const format = formatOf(request.headers.accept);
    const text = await this.#source.render(format);
    response.writeHead(200, { 'content-type': CONTENT_TYPES[format], vary: 'accept' });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  /** Whether a request has the token, if one is needed. */
  allows({ headers: { authorization = '' } }: IncomingMessage): boolean {
    if (this.#token === null) return true;
    const [, token = ''] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    // The digests have the same length, and the comparison always takes the same time.
    return timingSafeEqual(digest(token), this.#token);
  }
}

function formatOf(accept: string | undefined): 'prometheus' | 'openmetrics' {
  const first = mediaRanges(byWeight(accept ?? '*/*')).find(
    ({ type }) => type === 'application/openmetrics-text' || type === 'text/plain' || type.endsWith('/*'),
  );
  return first?.type === 'application/openmetrics-text' ? 'openmetrics' : 'prometheus';
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
