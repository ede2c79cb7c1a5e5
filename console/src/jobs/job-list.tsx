import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';
import { JobIdsDocument } from './documents.ts';
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
      {jobs === undefined && (
        <p className="muted">
          {state === 'failed' ? 'The list could not be read; trying again…' : 'Loading…'}
        </p>
      )}
      {jobs?.nodes.length === 0 && (
        <p className="empty muted">No videos yet. Give an image and say what should happen in it.</p>
      )}
      <ul className="grid">
        {jobs?.nodes.map(({ id }) => (
          <li key={id}>
            <JobCard id={id} />
          </li>
        ))}
      </ul>
      {jobs?.pageInfo.hasNextPage === true && <Older />}
    </section>
  );
}

function Older() {
  const { feed } = useGateway();
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const press = (): void => {
    if (state === 'loading') return;
    setState('loading');
    feed.loadOlder().then(
      () => setState('idle'),
      () => setState('failed'),
    );
  };
  return (
    <button type="button" className="button older" aria-disabled={state === 'loading'} onClick={press}>
      {{ idle: 'Show older', loading: 'Loading…', failed: 'That did not work. Try again' }[state]}
    </button>
  );
}
