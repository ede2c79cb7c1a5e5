import type { IncomingMessage, ServerResponse } from 'node:http';
import { LocalMedia } from '../../../domain/local-media.ts';
import { isBelowVideoPath } from '../../../domain/video-url.ts';
import { GRAPHQL_PATH } from '../graphql/exchange.ts';
import type { MediaProxy } from '../media/media-proxy.ts';
import type { VideoFiles } from '../media/video-files.ts';
import { METRICS_PATH, type MetricsEndpoint } from '../metrics/metrics-endpoint.ts';
import { sendJson } from '../send-json.ts';
import type { ConsoleFiles } from './console.ts';
import type { GraphiQL } from './graphiql/graphiql.ts';
import { type HealthOptions, isHealthPath, serveHealth } from './health.ts';

/** What is served beside the GraphQL endpoint. */
export interface PagesOptions extends HealthOptions {
  /** False: only health checks are served. */
  readonly hasGraphQL: boolean;
  /** Null when introspection is off. */
  readonly graphiql: GraphiQL | null;
  /** Null: `/` redirects to GraphQL. */
  readonly console: ConsoleFiles | null;
  /** Null: clients can reach the upstream’s files. */
  readonly media: MediaProxy | null;
  /** Null: there is no archive, so clients load videos from the upstream. */
  readonly videos: VideoFiles | null;
  /** Public keys that verify webhooks, as `whpk_…`; empty: there is no such page. */
  readonly webhookKeys: readonly string[];
  /** Null: the metrics are on another port, or none are kept. */
  readonly metrics: MetricsEndpoint | null;
}

/** Where receivers of webhooks find the public keys. */
const WEBHOOK_KEY_PATH = '/.well-known/reelgate-webhook-key';

/** Answers every request that is not a GraphQL operation: GraphiQL, media files, the console, health checks. */
export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** Whether a request to the GraphQL path is a browser's request for GraphiQL. */
  isGraphiQL(path: string, request: IncomingMessage): boolean {
    return this.#options.graphiql?.has(path, request, GRAPHQL_PATH) === true;
  }

  /** @param prefix the path below which clients find the gateway, such as `/reelgate`; empty for none */
  async serve(
    path: string,
    prefix: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { hasGraphQL, graphiql, console, media, videos, metrics, webhookKeys } = this.#options;
    const mediaPath = media === null ? null : LocalMedia.upstreamPath(path);
    if (graphiql !== null && this.isGraphiQL(path, request)) {
      await graphiql.serve(path, request, response);
    } else if (media !== null && mediaPath !== null) {
      await media.serve(mediaPath, request, response);
    } else if (videos !== null && isBelowVideoPath(path)) {
      await videos.serve(path, request, response);
    } else if (console?.has(path) === true) {
      console.serve(path, prefix, request, response);
    } else if (path === '/' && hasGraphQL) {
      redirect(response, prefix + GRAPHQL_PATH);
    } else if (isHealthPath(path)) {
      await serveHealth(path, request, response, this.#options);
    } else if (path === WEBHOOK_KEY_PATH && webhookKeys.length > 0) {
      sendJson(response, 200, { keys: webhookKeys });
    } else if (metrics !== null && path === METRICS_PATH) {
      await metrics.serve(request, response);
    } else if (console?.serveMissing(prefix, request, response) !== true) {
      const hint = hasGraphQL ? ` GraphQL is at ${GRAPHQL_PATH}.` : '';
      sendJson(response, 404, { error: `Not found: ${path}.${hint}` });
    }
  }
}

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}
