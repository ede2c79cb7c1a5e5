import type { Reelgate, Upstream } from '@reelgate/client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { usePageState } from '../gateway/page-state.ts';
import { IS_SANDBOX } from '../gateway/upstream.ts';

/** Milliseconds after the first questions for the credits: the gateway knows them some seconds after the first. Then the last one repeats. */
const PAUSES_MS = [3000, 10_000] as const;
const LAST_PAUSE_MS = 60_000;

/** The credits left at the upstream, for callers who may see them. Those of the sandbox are test data, so they are not shown. */
export function Credits() {
  const upstream = useUpstream();
  if (upstream === null || upstream.remainingCredits === null) return null;
  const { remainingCredits, priceUsd } = upstream;
  const isTooLow = priceUsd !== null && remainingCredits < priceUsd;
  return (
    <span className="credits" data-low={isTooLow}>
      {`Credits: $${remainingCredits.toFixed(2)}${isTooLow ? ', too few for a video' : ''}`}
    </span>
  );
}

/** Reads the upstream again and again while the page is connected and visible. */
function useUpstream(): Upstream | null {
  const { client } = useGateway();
  const isLive = usePageState() === 'connected';
  const isVisible = useSyncExternalStore(onVisibilityChange, () => !document.hidden);
  const [upstream, setUpstream] = useState<Upstream | null>(null);
  useEffect(
    () => (isLive && isVisible && !IS_SANDBOX ? poll(client, setUpstream) : undefined),
    [client, isLive, isVisible],
  );
  return upstream;
}

function onVisibilityChange(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}

/** @returns a function that stops it */
function poll(client: Reelgate, onRead: (upstream: Upstream) => void): () => void {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async (count: number): Promise<void> => {
    // The page works without credits, so a failure is not shown.
    const upstream = await client.upstream({ signal: stopped.signal }).catch(() => null);
    if (stopped.signal.aborted) return;
    if (upstream !== null) onRead(upstream);
    timer = setTimeout(() => void read(count + 1), PAUSES_MS[count] ?? LAST_PAUSE_MS);
  };
  void read(0);
  return () => {
    stopped.abort();
    clearTimeout(timer);
  };
}
