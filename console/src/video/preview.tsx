import { type FocusEvent, type PointerEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { prefersReducedMotion } from '../ui/media.ts';
import { withFirstFrame } from './first-frame.ts';
import { Icon } from './icons.tsx';

/** A video is loaded when it is this close to the window. */
const NEAR = '400px';

const LABELS = { stopped: 'Play', playing: 'Pause', ended: 'Play again' } as const;
const ICONS = { stopped: 'play', playing: 'pause', ended: 'again' } as const;

interface PreviewProps {
  readonly url: string;
  readonly title: string;
  /** Whether it starts by itself and plays once, unless the user prefers reduced motion. */
  readonly autoPlay: boolean;
  readonly onShown: () => void;
  readonly onBroken: () => void;
}

/**
 * A video in a list: its first frame, and repeated playback while the mouse or the keyboard is on it. With reduced motion and on touch screens it
 * plays after a click only. The button covers the whole video.
 */
export function Preview({ url, title, autoPlay, onShown, onBroken }: PreviewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<'stopped' | 'playing' | 'ended'>('stopped');
  const [isRepeated, setRepeated] = useState(false);
  const isNear = useNear(video);
  const play = (): void => {
    setRepeated(true);
    // Rejected when the video fails, which its error event reports, or when it is paused before it starts.
    video.current?.play().catch(() => undefined);
  };
  const rewind = (): void => {
    if (video.current === null) return;
    video.current.pause();
    video.current.currentTime = 0;
    setState('stopped');
  };
  const toggle = (): void => {
    // By the video itself: its state here follows its events, which come later than a quick second press.
    if (video.current?.paused === false) video.current.pause();
    else play();
  };
  const enter = ({ pointerType }: PointerEvent): void => {
    if (pointerType === 'mouse' && !prefersReducedMotion()) play();
  };
  const leave = ({ pointerType }: PointerEvent): void => {
    if (pointerType === 'mouse') rewind();
  };
  // A click or a tap focuses the button too; it must not start what the click then pauses.
  const focus = ({ currentTarget }: FocusEvent): void => {
    if (currentTarget.matches(':focus-visible') && !prefersReducedMotion()) play();
  };
  return (
    <>
      <video
        ref={video}
        src={withFirstFrame(url)}
        aria-label={`Video: ${title}`}
        loop={isRepeated}
        muted
        playsInline
        autoPlay={autoPlay && !prefersReducedMotion()}
        preload={autoPlay ? 'auto' : isNear ? 'metadata' : 'none'}
        onLoadedData={onShown}
        onPlay={() => setState('playing')}
        onPause={({ currentTarget }) => setState(currentTarget.ended ? 'ended' : 'stopped')}
        onError={onBroken}
      />
      <button
        type="button"
        className="preview-button"
        aria-label={`${LABELS[state]}: ${title}`}
        onClick={toggle}
        onPointerEnter={enter}
        onPointerLeave={leave}
        onFocus={focus}
        onBlur={rewind}
      >
        <Icon name={ICONS[state]} />
      </button>
    </>
  );
}

/** Whether a video was close to the window. A playing video is interrupted while it is outside of the window. */
function useNear(video: { readonly current: HTMLVideoElement | null }): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setNear(true);
      },
      { rootMargin: NEAR },
    );
    let isInterrupted = false;
    const inside = new IntersectionObserver((entries) => {
      const isInside = entries.at(-1)?.isIntersecting === true;
      if (isInside && isInterrupted) element.play().catch(() => undefined);
      isInterrupted = !isInside && !element.paused;
      if (isInterrupted) element.pause();
    });
    near.observe(element);
    inside.observe(element);
    return () => {
      near.disconnect();
      inside.disconnect();
    };
  }, [video]);
  useLayoutEffect(() => () => video.current?.pause(), [video]);
  return isNear;
}
