const { upstream = 'public', upstreamNotice = null } = document.documentElement.dataset;

/** A notice about a test upstream, which the gateway writes into the page; null for the real API. */
export const UPSTREAM_NOTICE: string | null = upstreamNotice;

/** Whether the upstream is the embedded sandbox. */
export const IS_SANDBOX = upstream === 'sandbox';

/** The cost of a job as text. Prices of the sandbox are test data, so they are not shown as money spent. */
export function costText(usd: number): string {
  if (IS_SANDBOX) return 'Nothing: a test video';
  const price = `$${usd.toFixed(2)}`;
  return upstream === 'public' ? price : `${price}, which may be test data`;
}

/**
 * The cost of several jobs as text; null when there is nothing to say.
 *
 * @param isPartial whether some of it is not known
 */
export function totalCostText(usd: number, isPartial: boolean): string | null {
  if (IS_SANDBOX || (usd === 0 && isPartial)) return null;
  return isPartial ? `at least ${costText(usd)}` : costText(usd);
}
