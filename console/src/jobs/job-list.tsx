import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';
import { JobIdsDocument } from './documents.ts';
import type { FeedState } from './feed.ts';
import { JobCard } from './job-card.tsx';

/** All jobs, newest first. */
export function JobList() {
  const { feed } = useGateway();
  const state = useStore(feed.state);
  const { data } = useQuery(JobIdsDocument, { fetchPolicy: 'cache-only' });
  const jobs = data?.videoJobs;
  return (
    <section className="jobs" aria-labelledby="jobs-heading" aria-busy={state === 'loading'}>
      <h2 id="jobs-heading">Your videos</h2>
      {(jobs === undefined || state === 'forbidden') && <p className="muted">{STATES[state]}</p>}
      {jobs?.nodes.length === 0 && !jobs.pageInfo.hasNextPage && (
        <p className="empty muted">No videos yet. Choose an image and describe what should happen in it.</p>
      )}
      <ul className="grid">
        {jobs?.nodes.map(({ id }) => (
          <li key={id}>
            <JobCard id={id} />
          </li>
        ))}
      </ul>
      {jobs?.pageInfo.hasNextPage === true && <Older shown={jobs.nodes.length} />}
    </section>
  );
}

const STATES: Readonly<Record<FeedState, string>> = {
  loading: 'Loading…',
  ready: '',
  failed: 'The list could not be read; trying again…',
  forbidden: 'Your token does not allow you to list videos.',
};

function Older({ shown }: { readonly shown: number }) {
  const { feed } = useGateway();
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const press = (): void => {
    if (state === 'loading') return;
    setState('loading');
    feed.loadOlder().then(
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
