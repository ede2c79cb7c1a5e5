/** A seeded generator of uniform numbers in [0, 1) (T. Ettinger's mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A lognormal random number (Box–Muller). */
export function lognormal(random: () => number, mu: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(mu + sigma * normal);
}

/** A lognormal random number with this mean and coefficient of variation. */
export function spread(random: () => number, mean: number, cv: number): number {
  const variance = Math.log1p(cv ** 2);
  return lognormal(random, Math.log(mean) - variance / 2, Math.sqrt(variance));
}
