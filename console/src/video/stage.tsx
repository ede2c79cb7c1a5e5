import { prefersReducedMotion } from '../ui/media.ts';
import { withFirstFrame } from './first-frame.ts';
import type { Playback } from './playback.ts';

interface StageProps {
  readonly url: string;
  readonly title: string;
  /** Whether it starts by itself and plays once, unless the user prefers reduced motion. */
  readonly autoPlay: boolean;
  readonly playback: Playback;
  readonly onShown: () => void;
  readonly onBroken: () => void;
}

/** A large video without controls of its own: a `PlayerBar` controls its playback. A click on it starts and stops it. */
export function Stage({ url, title, autoPlay, playback, onShown, onBroken }: StageProps) {
  return (
    <video
      ref={playback.add}
      src={withFirstFrame(url)}
      aria-label={`Video: ${title}`}
      muted
      playsInline
      autoPlay={autoPlay && !prefersReducedMotion()}
      preload="auto"
      onClick={() => playback.toggle()}
      onLoadedData={onShown}
      onError={onBroken}
    />
  );
}
