const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');

/** Whether the person asked for less motion. */
export function prefersReducedMotion(): boolean {
  return reducedMotion.matches;
}
