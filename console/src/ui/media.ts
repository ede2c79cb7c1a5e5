const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');

/** Whether the user prefers reduced motion. */
export function prefersReducedMotion(): boolean {
  return reducedMotion.matches;
}
