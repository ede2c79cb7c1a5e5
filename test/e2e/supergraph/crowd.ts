import { type RoutedAnswer, type RoutedJob, watchRouted } from './client.ts';

/** What one client of a router saw. */
export interface Watched {
  readonly states: readonly RoutedJob[];
  /** The first result with errors; the client watches no longer. Null: the stream ended without one. */
  readonly failure: RoutedAnswer<unknown> | null;
}

/** Clients that watch one job at the same time. */
export interface Crowd {
  /** Resolves when every client has its first state. Rejects when a stream ends before. */
  readonly started: Promise<unknown>;
  /** Number of clients whose streams are open. */
  open(): number;
  /** Resolves when no client watches any longer. */
  readonly ended: Promise<readonly Watched[]>;
}

/** Lets clients of a router watch a job, each by a request of its own. */
export function watchAtOnce(url: string, id: string, clients: number, sinceVersion = 0): Crowd {
  let open = clients;
  const firsts: Promise<void>[] = [];
  const watch = async (): Promise<Watched> => {
    const first = Promise.withResolvers<void>();
    firsts.push(first.promise);
    const states: RoutedJob[] = [];
    try {
      for await (const answer of watchRouted(url, id, sinceVersion)) {
        if (answer.data != null) states.push(answer.data.videoJobUpdated);
        if (answer.errors !== undefined) return { states, failure: answer };
        first.resolve();
      }
      return { states, failure: null };
    } finally {
      open -= 1;
      first.reject(new Error(`A stream of ${url} ended before its first state.`));
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, watch));
  return { started: Promise.race([Promise.all(firsts), ended]), open: () => open, ended };
}
