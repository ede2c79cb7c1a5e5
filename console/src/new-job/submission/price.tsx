import type { Upstream } from '@reelgate/client';
import { useEffect, useState } from 'react';
import { useGateway } from '../../gateway/gateway.tsx';
import { usePageState } from '../../gateway/page-state.ts';

/** What the videos of a request cost, before it is sent. It occupies its space even while the price is unknown. */
export function Price({ videos }: { readonly videos: number }) {
  const upstream = useUpstream();
  return <p className="price muted">{upstream === null ? '' : priceText(upstream, videos)}</p>;
}

/** @param videos how many are made */
export function priceText({ kind, priceUsd }: Pick<Upstream, 'kind' | 'priceUsd'>, videos: number): string {
  if (kind === 'SANDBOX') return 'Costs nothing: test videos';
  if (priceUsd === null) return '';
  const total = `Costs about $${(priceUsd * videos).toFixed(2)}`;
  const each = videos === 1 ? total : `${total}, $${priceUsd.toFixed(2)} a video`;
  return kind === 'PUBLIC_HOST' ? each : `${each}, which may be test data`;
}

/** Null while it is unknown. */
function useUpstream(): Upstream | null {
  const { client } = useGateway();
  const isLive = usePageState() === 'connected';
  const [upstream, setUpstream] = useState<Upstream | null>(null);
  useEffect(() => {
    // Not before the user has signed in.
    if (!isLive) return undefined;
    const leaving = new AbortController();
    // Without a price the form works as well.
    client.upstream({ signal: leaving.signal }).then(setUpstream, () => {});
    return () => leaving.abort();
  }, [client, isLive]);
  return upstream;
}
