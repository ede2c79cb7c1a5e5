import type { Upstream } from '@reelgate/client';

/**
 * What videos cost, before they are made; empty while it is unknown.
 *
 * @param videos how many are made
 */
export function priceText({ kind, priceUsd }: Pick<Upstream, 'kind' | 'priceUsd'>, videos: number): string {
  if (kind === 'SANDBOX') return 'Costs nothing: test videos';
  if (priceUsd === null) return '';
  const total = `Costs about $${(priceUsd * videos).toFixed(2)}`;
  const each = videos === 1 ? total : `${total}, $${priceUsd.toFixed(2)} a video`;
  return kind === 'PUBLIC_HOST' ? each : `${each}, which may be test data`;
}
