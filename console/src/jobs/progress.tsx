import { useEffect, useRef, useState } from 'react';
import type { VideoJobFieldsFragment, VideoJobWait } from '@reelgate/client/documents';
import { serverNow } from '../gateway/server-clock.ts';
import { prefersReducedMotion } from '../ui/media.ts';
import { useNow } from './now.ts';
import { nextSample, progressAt, progressPath, type ProgressSample } from './progress-estimate.ts';
import { duration } from './times.ts';

/** An unfinished job's bar, which moves on between updates, with the time that has gone by and that is left. */
export function Progress({ job }: { readonly job: VideoJobFieldsFragment }) {
  const sample = useSample(job);
  const now = useNow();
  const bar = useRef<HTMLDivElement>(null);
  const known = sample.estimatedCompletionAt !== null;

  useEffect(() => (bar.current === null ? undefined : move(bar.current, sample)), [sample]);

  const percent = Math.floor(progressAt(sample, now) * 100);
  const left = timeLeft(job, sample, now);
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
      {/* One text from the left: its start never moves. */}
      <p className="progress-times muted">{`${duration(now - Date.parse(job.createdAt))} so far, ${left}`}</p>
    </div>
  );
}

/** Where the job stood when its newest version came. */
function useSample(job: VideoJobFieldsFragment): ProgressSample {
  const [seen, setSeen] = useState(() => ({ version: job.version, sample: told(job) }));
  if (seen.version === job.version) return seen.sample;
  const sample = nextSample(seen.sample, told(job));
  setSeen({ version: job.version, sample });
  return sample;
}

function told({ progress, estimatedCompletionAt }: VideoJobFieldsFragment): ProgressSample {
  return {
    progress,
    estimatedCompletionAt: estimatedCompletionAt === null ? null : Date.parse(estimatedCompletionAt),
    at: serverNow(),
  };
}

/** Lets the compositor move the bar, which costs the page nothing. @returns what stops it */
function move(bar: HTMLElement, sample: ProgressSample): (() => void) | undefined {
  const path = progressPath(sample);
  const whole = path.at(-1)?.afterMs ?? 0;
  if (prefersReducedMotion()) return undefined;
  bar.style.transform = `scaleX(${sample.progress})`;
  if (whole === 0) return undefined;
  const frames = path.map(({ afterMs, progress }) => ({
    offset: afterMs / whole,
    transform: `scaleX(${progress})`,
  }));
  const animation = bar.animate(frames, { duration: whole, fill: 'forwards' });
  animation.currentTime = Math.max(0, serverNow() - sample.at);
  return () => animation.cancel();
}

function timeLeft(
  { waitingFor }: VideoJobFieldsFragment,
  { estimatedCompletionAt }: ProgressSample,
  now: number,
): string {
  const wait = waitingFor === null ? null : WAIT_TEXTS[waitingFor];
  if (estimatedCompletionAt === null) return wait ?? 'waiting for the model';
  const left = estimatedCompletionAt - now;
  const time = left > 500 ? `about ${duration(left)} left` : 'any moment now';
  return waitingFor === 'RATE_LIMIT' ? `${WAIT_TEXTS.RATE_LIMIT}, ${time}` : time;
}

const WAIT_TEXTS: Readonly<Record<VideoJobWait, string>> = {
  RATE_LIMIT: 'waiting for the rate limit',
  UPSTREAM_QUEUE: 'waiting for the model',
  UPSTREAM_UNAVAILABLE: 'waiting until the model can be reached',
  SUBMISSION_CHECK: 'checking whether the model has got it',
};
