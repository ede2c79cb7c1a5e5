import { Store } from '../ui/store.ts';

/** The state of a playback. Times are seconds. */
export interface PlaybackState {
  readonly isPlaying: boolean;
  /** Whether all videos are at their end. */
  readonly isEnded: boolean;
  readonly time: number;
  /** Of the longest video; 0 until the first one is loaded. */
  readonly duration: number;
  /** Whether there is one video, which can be shown in full screen. */
  readonly isSingle: boolean;
}

/** A larger difference between the times of two videos is visible. */
const MAX_DRIFT_SECONDS = 0.15;

/**
 * Plays one video, or several in step. A shorter one waits at its end for the others. What the user starts is repeated until it is
 * paused; what starts by itself plays once.
 */
export class Playback {
  readonly state = new Store<PlaybackState>({
    isPlaying: false,
    isEnded: false,
    time: 0,
    duration: 0,
    isSingle: true,
  });
  readonly #videos = new Set<HTMLVideoElement>();
  #frame = 0;
  #isRepeated = false;

  /** Takes part in the playback until the returned function is called: a ref callback. */
  readonly add = (video: HTMLVideoElement): (() => void) => {
    const listeners = new AbortController();
    const on = (type: keyof HTMLMediaElementEventMap, listener: () => void): void =>
      video.addEventListener(type, listener, { signal: listeners.signal });
    on('loadedmetadata', this.#read);
    on('durationchange', this.#read);
    on('seeked', this.#read);
    on('play', this.#start);
    // The browser also pauses by itself, for example when the page is hidden, and at each end.
    on('pause', () => (video.ended ? undefined : this.pause()));
    on('ended', this.#end);
    this.#videos.add(video);
    this.#read();
    if (!video.paused) this.#start();
    return () => {
      listeners.abort();
      video.pause();
      this.#videos.delete(video);
      if (this.#videos.size === 0) this.pause();
    };
  };

  /** Starts at the user's request. */
  play(): void {
    this.#isRepeated = true;
    if (this.#isEnded()) this.seek(0);
    this.#playAll();
  }

  #playAll(): void {
    // Rejected when the video fails, which its error event reports, or when it is paused again before it starts.
    for (const video of this.#videos) if (!video.ended) video.play().catch(() => undefined);
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.#isRepeated = false;
    for (const video of this.#videos) video.pause();
    this.state.set({ ...this.state.get(), isPlaying: false });
    this.#read();
  }

  toggle(): void {
    if (this.state.get().isPlaying) this.pause();
    else this.play();
  }

  /** Shows a moment. A video that is shorter shows its end. */
  seek(time: number): void {
    const { isPlaying } = this.state.get();
    for (const video of this.#videos) {
      video.currentTime = Math.min(time, video.duration || time);
      if (isPlaying && time < video.duration) video.play().catch(() => undefined);
    }
    this.#read();
  }

  /** Shows the only video in full screen, with the browser's own controls. */
  enterFullscreen(): void {
    const [video] = this.#videos;
    if (video === undefined) return;
    // An iPhone has this function only.
    const enter: unknown =
      Reflect.get(video, 'requestFullscreen') ?? Reflect.get(video, 'webkitEnterFullscreen');
    if (typeof enter === 'function') void Promise.resolve(enter.call(video)).catch(() => undefined);
  }

  readonly #start = (): void => {
    if (this.state.get().isPlaying) return;
    this.state.set({ ...this.state.get(), isPlaying: true });
    this.#playAll();
    this.#follow();
  };

  /** Follows the time of the videos while they play. */
  readonly #follow = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(this.#follow);
    this.#align();
    this.#read();
  };

  /** Sets a video that is ahead of another one back. So a video also waits for another one that is still loading. */
  #align(): void {
    const playing = [...this.#videos].filter(({ ended, seeking }) => !ended && !seeking);
    const slowest = Math.min(...playing.map(({ currentTime }) => currentTime));
    for (const video of playing) {
      if (video.currentTime - slowest > MAX_DRIFT_SECONDS) video.currentTime = slowest;
    }
  }

  readonly #end = (): void => {
    if (!this.#isEnded()) return;
    if (this.#isRepeated) this.seek(0);
    else this.pause();
  };

  #isEnded(): boolean {
    return this.#videos.size > 0 && [...this.#videos].every(({ ended }) => ended);
  }

  readonly #read = (): void => {
    const videos = [...this.#videos];
    const time = Math.max(0, ...videos.map(({ currentTime }) => currentTime));
    const duration = Math.max(0, ...videos.map((video) => video.duration || 0));
    const now = { isEnded: this.#isEnded(), time, duration, isSingle: videos.length < 2 };
    const before = this.state.get();
    const isSame =
      before.isEnded === now.isEnded &&
      before.time === time &&
      before.duration === duration &&
      before.isSingle === now.isSingle;
    if (!isSame) this.state.set({ ...before, ...now });
  };
}
