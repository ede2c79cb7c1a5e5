import { type Origins, type Router, startApolloGateway, startGrafbase, startRouter } from './router.ts';

/** Codes of errors as clients of a router see them; undefined: the error has none, null: there is no error. */
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
  readonly killed?: string | null | undefined;
}

/** A router as its operator starts it. */
export interface RouterCase {
  readonly start: (supergraph: string, port: number, origins: Origins) => Promise<Router>;
  readonly hasSubscriptions: boolean;
  /** Whether it subscribes again by itself when Reelgate is back. */
  readonly reconnects: boolean;
  readonly codes: SeenCodes;
}

const KEPT = {
  tooExpensive: 'DOCUMENT_TOO_EXPENSIVE',
  unauthenticated: 'UNAUTHENTICATED',
  unreachable: 'INTERNAL_SERVER_ERROR',
  unknownJob: 'NOT_FOUND',
};
const HIVE = { hasSubscriptions: true, reconnects: false };
const GRAFBASE = {
  tooExpensive: 'SUBGRAPH_REQUEST_ERROR',
  unauthenticated: 'SUBGRAPH_REQUEST_ERROR',
  unreachable: 'SUBGRAPH_REQUEST_ERROR',
  unknownJob: 'NOT_FOUND',
};

/** What docs/federation.md says about each router: a change of a router shows here. */
export const ROUTERS: Readonly<Record<string, RouterCase>> = {
  'Hive Gateway by server-sent events': {
    ...HIVE,
    start: (supergraph, port) => startRouter(supergraph, port, 'sse'),
    codes: { ...KEPT, killed: 'INTERNAL_SERVER_ERROR' },
  },
  'Hive Gateway by WebSocket': {
    ...HIVE,
    start: (supergraph, port) => startRouter(supergraph, port, 'ws'),
    codes: { ...KEPT, killed: undefined },
  },
  'Hive Gateway by callback': {
    ...HIVE,
    start: (supergraph, port) => startRouter(supergraph, port, 'callback'),
    codes: { ...KEPT, killed: 'TIMEOUT_ERROR' },
  },
  'Hive Gateway with the planner in Rust': {
    ...HIVE,
    start: (supergraph, port) => startRouter(supergraph, port, 'sse', 'rust'),
    codes: { ...KEPT, unknownJob: 'INTERNAL_SERVER_ERROR', killed: 'INTERNAL_SERVER_ERROR' },
  },
  'Apollo Gateway': {
    start: startApolloGateway,
    hasSubscriptions: false,
    reconnects: false,
    codes: {
      tooExpensive: 'INTERNAL_SERVER_ERROR',
      unauthenticated: 'UNAUTHENTICATED',
      unreachable: 'INTERNAL_SERVER_ERROR',
    },
  },
  'Grafbase by server-sent events': {
    start: (_, port, origins) => startGrafbase(origins, port, 'sse'),
    hasSubscriptions: true,
    reconnects: true,
    codes: { ...GRAFBASE, killed: 'SUBGRAPH_REQUEST_ERROR' },
  },
  'Grafbase by WebSocket': {
    start: (_, port, origins) => startGrafbase(origins, port, 'ws'),
    hasSubscriptions: true,
    reconnects: false,
    codes: { ...GRAFBASE, killed: null },
  },
};
