import type { VideoJob } from '@reelgate/client';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { type PageState, usePageState } from '../gateway/page-state.ts';
import { serverNow } from '../gateway/server-clock.ts';
import { prefersReducedMotion } from '../ui/media.ts';
import { useQueuePlace } from './jobs.tsx';
import { nextSample, progressAt, progressPath, type ProgressSample } from './progress-estimate.ts';
import { progressText, waitText } from './wait-text.ts';

/**
 * The progress bar of an unfinished job, with the elapsed time, what it waits for, and the expected time. The bar also moves between
 * updates, but not without a connection.
 */
export function Progress({ job }: { readonly job: VideoJob }) {
  const sample = useSample(job);
  const isAway = AWAY.has(usePageState());
  const now = useNow(!isAway);
  const bar = useRef<HTMLDivElement>(null);
  const known = sample.estimatedCompletionAt !== null;

  useEffect(
    () => (bar.current === null ? undefined : animate(bar.current, sample, isAway)),
    [sample, isAway],
  );

  const percent = Math.floor(progressAt(sample, now) * 100);
  const place = useQueuePlace(job.id);
  const left = isAway ? NO_CONNECTION : waitText(job, place, now);
  return (
    <div className="progress">
      <div
        className={known || isAway ? 'progress-track' : 'progress-track waiting'}
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={100}
        {...(known ? { 'aria-valuenow': percent } : {})}
        aria-valuetext={left}
      >
        <div
          ref={bar}
          className="progress-bar"
          style={prefersReducedMotion() ? { transform: `scaleX(${percent / 100})` } : undefined}
        />
      </div>
      {/* One left-aligned text, so that its start does not move. */}
      <p className="progress-times muted">{isAway ? left : progressText(job, left, now)}</p>
    </div>
  );
}

const AWAY: ReadonlySet<PageState> = new Set(['reconnecting', 'refused', 'signed-out']);
const NO_CONNECTION = 'No connection to the gateway: the progress is unknown.';

/** The progress sample of the job's newest version. */
function useSample(job: VideoJob): ProgressSample {
  const [seen, setSeen] = useState(() => ({ version: job.version, sample: sampleOf(job) }));
  if (seen.version === job.version) return seen.sample;
  const sample = nextSample(seen.sample, sampleOf(job));
  setSeen({ version: job.version, sample });
  return sample;
}

function sampleOf({ progress, estimatedCompletionAt }: VideoJob): ProgressSample {
  return {
    progress,
    estimatedCompletionAt: estimatedCompletionAt === null ? null : Date.parse(estimatedCompletionAt),
    at: serverNow(),
  };
}

/** Animates the bar in the compositor, without work for the main thread. @returns a function that stops the animation */
function animate(bar: HTMLElement, sample: ProgressSample, isAway: boolean): (() => void) | undefined {
  const path = progressPath(sample);
  const durationMs = path.at(-1)?.afterMs ?? 0;
  if (prefersReducedMotion()) return undefined;
  bar.style.transform = `scaleX(${isAway ? progressAt(sample, serverNow()) : sample.progress})`;
  if (durationMs === 0 || isAway) return undefined;
  const frames = path.map(({ afterMs, progress }) => ({
    offset: afterMs / durationMs,
    transform: `scaleX(${progress})`,
  }));
  const animation = bar.animate(frames, { duration: durationMs, fill: 'forwards' });
  animation.currentTime = Math.max(0, serverNow() - sample.at);
  return () => animation.cancel();
}

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let now = serverNow();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * The gateway's time in epoch milliseconds, updated every second by one timer for all progress bars.
 *
 * @param runs false: it stands still
 */
function useNow(runs: boolean): number {
  return useSyncExternalStore(runs ? subscribe : subscribeToNothing, () => now);
}

function subscribeToNothing(): () => void {
  return () => {};
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = serverNow();
    timer = setInterval(tick, TICK_MS);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

function tick(): void {
  now = serverNow();
  for (const listener of listeners) listener();
}
