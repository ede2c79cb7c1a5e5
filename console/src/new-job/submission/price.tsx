import { useUpstream } from '../../gateway/upstream-provider.tsx';
import { priceText } from './price-text.ts';

/** What the videos of a request cost, before it is sent. It occupies its space even while the price is unknown. */
export function Price({ videos }: { readonly videos: number }) {
  const upstream = useUpstream();
  return <p className="price muted">{upstream === null ? '' : priceText(upstream, videos)}</p>;
}
