import { ReelgateError } from '@reelgate/client';
import { useState } from 'react';
import { JobCard } from './job-card.tsx';
import { useJobs } from './jobs.tsx';

/** All jobs, newest first. */
export function JobList() {
  const { jobs, isLoading, hasMore, error } = useJobs();
  const isForbidden = error instanceof ReelgateError && error.code === 'FORBIDDEN';
  return (
    <section className="jobs" aria-labelledby="jobs-heading" aria-busy={isLoading}>
      <h2 id="jobs-heading">Your videos</h2>
      {isForbidden && <p className="muted">Your token does not allow you to list videos.</p>}
      {isLoading && !isForbidden && (
        <p className="muted">{error === null ? 'Loading…' : 'The list could not be read; trying again…'}</p>
      )}
      {!isLoading && jobs.length === 0 && !hasMore && (
        <p className="empty muted">No videos yet. Choose an image and describe what should happen in it.</p>
      )}
      <ul className="grid">
        {jobs.map((job) => (
          <li key={job.id}>
            <JobCard job={job} />
          </li>
        ))}
      </ul>
      {hasMore && <Older shown={jobs.length} />}
    </section>
  );
}

function Older({ shown }: { readonly shown: number }) {
  const { loadMore } = useJobs();
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const press = (): void => {
    if (state === 'loading') return;
    setState('loading');
    loadMore().then(
      () => {
        setState('idle');
        // The button may be gone: move the keyboard focus to the first new job.
        requestAnimationFrame(() =>
          document.querySelectorAll<HTMLElement>('.grid > li')[shown]?.querySelector('a')?.focus(),
        );
      },
      () => setState('failed'),
    );
  };
  return (
    <button type="button" className="button older" aria-disabled={state === 'loading'} onClick={press}>
      {{ idle: 'Show older', loading: 'Loading…', failed: 'Loading failed. Try again' }[state]}
    </button>
  );
}
