import { expect, test } from 'vitest';
import { priceText } from '../../../console/src/new-job/submission/price-text.ts';

test.each([
  [{ kind: 'PUBLIC_HOST', priceUsd: 0.265 }, 1, 'Costs about $0.27'],
  [{ kind: 'PUBLIC_HOST', priceUsd: 0.26 }, 4, 'Costs about $1.04, $0.26 a video'],
  [{ kind: 'PRIVATE_NETWORK', priceUsd: 0.26 }, 1, 'Costs about $0.26, which may be test data'],
  [{ kind: 'SANDBOX', priceUsd: 0.26 }, 2, 'Costs nothing: test videos'],
  [{ kind: 'PUBLIC_HOST', priceUsd: null }, 2, ''],
] as const)('%o, %i videos: %s', (upstream, videos, text) => {
  expect(priceText(upstream, videos)).toBe(text);
});
