import type { Reelgate, Upstream } from '@reelgate/client';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { usePageVisible } from '../ui/page-visible.ts';
import { useGateway } from './gateway.tsx';
import { usePageState } from './page-state.ts';
import { IS_SANDBOX } from './upstream.ts';

/** Milliseconds after the first questions: the gateway knows the credits some seconds after the first. Then the last one repeats. */
const PAUSES_MS = [3000, 10_000] as const;
const LAST_PAUSE_MS = 60_000;

const UpstreamContext = createContext<Upstream | null>(null);

/** Reads the upstream again and again while the page is connected and visible. */
export function UpstreamProvider({ children }: { readonly children: ReactNode }) {
  const { client } = useGateway();
  const isLive = usePageState() === 'connected';
  const isVisible = usePageVisible();
  const [upstream, setUpstream] = useState<Upstream | null>(null);
  useEffect(() => (isLive && isVisible ? poll(client, setUpstream) : undefined), [client, isLive, isVisible]);
  return <UpstreamContext value={upstream}>{children}</UpstreamContext>;
}

/** The upstream as it was read last; null while it is unknown. */
export function useUpstream(): Upstream | null {
  return use(UpstreamContext);
}

/** @returns a function that stops it */
function poll(client: Reelgate, onRead: (upstream: Upstream) => void): () => void {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async (count: number): Promise<void> => {
    // The page works without price and credits, so a failure is not shown.
    const upstream = await client.upstream({ signal: stopped.signal }).catch(() => null);
    if (stopped.signal.aborted) return;
    if (upstream !== null) onRead(upstream);
    // Price and credits of the sandbox do not change.
    if (IS_SANDBOX && upstream !== null) return;
    timer = setTimeout(() => void read(count + 1), PAUSES_MS[count] ?? LAST_PAUSE_MS);
  };
  void read(0);
  return () => {
    stopped.abort();
    clearTimeout(timer);
  };
}
