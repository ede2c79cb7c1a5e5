/** The URL of a video that shows its first frame before it plays: without a start time Safari shows nothing. */
export function withFirstFrame(url: string): string {
  return `${url}#t=0.001`;
}
