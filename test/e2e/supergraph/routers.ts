import { type Origins, type Router, startApolloGateway, startGrafbase, startRouter } from './router.ts';

/** Codes of errors as clients of a router see them; undefined: the error has none. */
interface SeenCodes {
  /** Reelgate refuses the document with 400 DOCUMENT_TOO_EXPENSIVE. */
  readonly tooExpensive: string;
  /** Reelgate refuses the request with 401 UNAUTHENTICATED. */
  readonly unauthenticated: string;
  /** Reelgate has been killed. */
  readonly unreachable: string;
  /** A subscription to an unknown job: NOT_FOUND. */
  readonly unknownJob?: string;
  /** A subscription while Reelgate is killed. */
  readonly killed?: string | undefined;
}

/** A router as its operator starts it. */
export interface RouterCase {
  readonly start: (supergraph: string, port: number, origins: Origins) => Promise<Router>;
  /** Whether it has subscriptions. */
  readonly subscribes: boolean;
  readonly codes: SeenCodes;
}

const KEPT = {
  tooExpensive: 'DOCUMENT_TOO_EXPENSIVE',
  unauthenticated: 'UNAUTHENTICATED',
  unreachable: 'INTERNAL_SERVER_ERROR',
  unknownJob: 'NOT_FOUND',
};
/** What docs/federation.md says about each router: a change of a router shows here. */
export const ROUTERS: Readonly<Record<string, RouterCase>> = {
  'Hive Gateway by server-sent events': {
    subscribes: true,
    start: (supergraph, port) => startRouter(supergraph, port, 'sse'),
    codes: { ...KEPT, killed: 'INTERNAL_SERVER_ERROR' },
  },
  'Hive Gateway by WebSocket': {
    subscribes: true,
    start: (supergraph, port) => startRouter(supergraph, port, 'websocket'),
    codes: { ...KEPT, killed: undefined },
  },
  'Hive Gateway by callback': {
    subscribes: true,
    start: (supergraph, port) => startRouter(supergraph, port, 'callback'),
    codes: { ...KEPT, killed: 'TIMEOUT_ERROR' },
  },
  'Hive Gateway with the planner in Rust': {
    subscribes: true,
    start: (supergraph, port) => startRouter(supergraph, port, 'sse', 'rust'),
    codes: { ...KEPT, unknownJob: 'INTERNAL_SERVER_ERROR', killed: 'INTERNAL_SERVER_ERROR' },
  },
  'Apollo Gateway': {
    start: startApolloGateway,
    subscribes: false,
    codes: {
      tooExpensive: 'INTERNAL_SERVER_ERROR',
      unauthenticated: 'UNAUTHENTICATED',
      unreachable: 'INTERNAL_SERVER_ERROR',
    },
  },
  Grafbase: {
    start: (_, port, origins) => startGrafbase(origins, port),
    subscribes: true,
    codes: {
      tooExpensive: 'SUBGRAPH_REQUEST_ERROR',
      unauthenticated: 'SUBGRAPH_REQUEST_ERROR',
      unreachable: 'SUBGRAPH_REQUEST_ERROR',
      unknownJob: 'NOT_FOUND',
      killed: 'SUBGRAPH_REQUEST_ERROR',
    },
  },
};

/** Starts all routers, two at a time. @returns their origins by name */
export async function startRouters(
  resources: AsyncDisposableStack,
  supergraph: string,
  ports: readonly number[],
  origins: Origins,
): Promise<ReadonlyMap<string, string>> {
  const urls = new Map<string, string>();
  const waiting = Object.entries(ROUTERS).entries();
  const startWaiting = async () => {
    for (const [index, [name, { start }]] of waiting) {
      const { url } = resources.use(await start(supergraph, ports[index] ?? 0, origins));
      urls.set(name, url);
    }
  };
  await Promise.all([startWaiting(), startWaiting()]);
  return urls;
}
