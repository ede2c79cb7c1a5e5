import { useUpstream } from '../gateway/upstream-provider.tsx';
import { IS_SANDBOX } from '../gateway/upstream.ts';

/** The credits left at the upstream, for callers who may see them. Those of the sandbox are test data, so they are not shown. */
export function Credits() {
  const upstream = useUpstream();
  if (IS_SANDBOX || upstream === null || upstream.remainingCredits === null) return null;
  const { remainingCredits, priceUsd } = upstream;
  const isTooLow = priceUsd !== null && remainingCredits < priceUsd;
  return (
    <span className="credits" data-low={isTooLow}>
      {/* On a phone there is room for the sum only; a second line would move the page. */}
      <span className="credits-word">Credits: </span>${remainingCredits.toFixed(2)}
      {isTooLow && <span className="credits-word">, too few for a video</span>}
    </span>
  );
}
