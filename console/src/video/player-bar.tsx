import { useStore } from '../ui/store.ts';
import { Icon } from './icons.tsx';
import type { Playback } from './playback.ts';

/** Videos of the model have 16 frames a second; the arrow keys go from one to the next. */
const FRAME_SECONDS = 1 / 16;

/** The controls of a playback. They stand below the video and cover nothing of it. */
export function PlayerBar({ playback }: { readonly playback: Playback }) {
  const { isPlaying, isEnded, time, duration, isSingle } = useStore(playback.state);
  return (
    <div className="player-bar" role="group" aria-label="Playback">
      <button
        type="button"
        className="button square"
        aria-label={isPlaying ? 'Pause' : isEnded ? 'Play again' : 'Play'}
        onClick={() => playback.toggle()}
      >
        <Icon name={isPlaying ? 'pause' : isEnded ? 'again' : 'play'} />
      </button>
      <input
        type="range"
        aria-label="Time"
        aria-valuetext={`${time.toFixed(1)} of ${duration.toFixed(1)} seconds`}
        min={0}
        max={duration}
        step={FRAME_SECONDS}
        value={time}
        onChange={({ target }) => playback.seek(target.valueAsNumber)}
      />
      <span className="player-time muted">
        {time.toFixed(1)} / {duration.toFixed(1)} s
      </span>
      {isSingle && (
        <button
          type="button"
          className="button square"
          aria-label="Full screen"
          onClick={() => playback.enterFullscreen()}
        >
          <Icon name="fullscreen" />
        </button>
      )}
    </div>
  );
}
