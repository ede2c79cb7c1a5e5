import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Dispatcher } from 'undici';

type HttpHandler = Extract<NonNullable<S3ClientConfig['requestHandler']>, { handle: unknown }>;
type Handle = HttpHandler['handle'];
type HttpRequest = Parameters<Handle>[0];
type HttpAnswer = Awaited<ReturnType<Handle>>;

/**
 * Sends the requests of the S3 client by undici, as all other outgoing calls: with the same proxies and the same deadline of connections. The
 * client's own sender does not notice a body that fails, and leaves the request open.
 */
export class UndiciHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #dispatcher: Dispatcher;
  readonly #idleTimeoutMs: number;

  /** @param idleTimeoutMs milliseconds without progress: of an upload, until the head of an answer, and between two pieces of its body */
  constructor(dispatcher: Dispatcher, idleTimeoutMs: number) {
    this.#dispatcher = dispatcher;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  async handle(request: HttpRequest, { abortSignal }: Parameters<Handle>[1] = {}): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await this.#dispatcher
      .request({
        origin: `${request.protocol}//${request.hostname}${request.port === undefined ? '' : `:${request.port}`}`,
        path: `${request.path}${queryOf(request)}`,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        signal: abortSignal instanceof AbortSignal ? abortSignal : null,
        headersTimeout: this.#idleTimeoutMs,
        bodyTimeout: this.#idleTimeoutMs,
      })
      .catch((error: unknown) => {
        throw markTransient(error);
      });
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    return { response: { statusCode, headers: Object.fromEntries(texts), body } };
  }

  /** There are no settings of this handler. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }
}

/** Encoded as signatures are calculated. */
function queryOf({ query = {} }: HttpRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${encode(name)}=${encode(one)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The client repeats a request after errors with this mark; it knows the codes of the system, but not those of undici. */
function markTransient(error: unknown): unknown {
  const isTransient =
    error instanceof Error &&
    'code' in error &&
    TRANSIENT.has(String(error.code)) &&
    !('$retryable' in error);
  return isTransient ? Object.assign(error, { $retryable: {} }) : error;
}

const TRANSIENT = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
