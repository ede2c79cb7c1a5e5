import type { VideoJob } from '@reelgate/client';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { serverNow } from '../gateway/server-clock.ts';
import { prefersReducedMotion } from '../ui/media.ts';
import { useQueuePlace } from './jobs.tsx';
import { nextSample, progressAt, progressPath, type ProgressSample } from './progress-estimate.ts';
import { progressText, waitText } from './wait-text.ts';

/** The progress bar of an unfinished job, with the elapsed time, what it waits for, and the expected time. The bar also moves between updates. */
export function Progress({ job }: { readonly job: VideoJob }) {
  const sample = useSample(job);
  const now = useNow();
  const bar = useRef<HTMLDivElement>(null);
  const known = sample.estimatedCompletionAt !== null;

  useEffect(() => (bar.current === null ? undefined : animate(bar.current, sample)), [sample]);

  const percent = Math.floor(progressAt(sample, now) * 100);
  const left = waitText(job, useQueuePlace(job.id), now);
  return (
    <div className="progress">
      <div
        className={known ? 'progress-track' : 'progress-track waiting'}
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
      <p className="progress-times muted">{progressText(job, left, now)}</p>
    </div>
  );
}

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
function animate(bar: HTMLElement, sample: ProgressSample): (() => void) | undefined {
  const path = progressPath(sample);
  const durationMs = path.at(-1)?.afterMs ?? 0;
  if (prefersReducedMotion()) return undefined;
  bar.style.transform = `scaleX(${sample.progress})`;
  if (durationMs === 0) return undefined;
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

/** The gateway's time in epoch milliseconds, updated every second by one timer for all progress bars. */
function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
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
