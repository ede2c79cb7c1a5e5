import { ReelgateError, type VideoJob } from '@reelgate/client';
import { useVideoJobs, type VideoJobsState } from '@reelgate/client/react';
import { useCallback, useEffect, useState } from 'react';
import { useGateway } from '../../gateway/gateway.tsx';
import { serverNow } from '../../gateway/server-clock.ts';
import { totalCostText } from '../../gateway/upstream.ts';
import { JobCard } from '../job-card.tsx';
import { useJobs } from '../jobs.tsx';
import { PAGE } from '../page-size.ts';
import { type DayGroup, dayTitle, groupByDay } from './day-groups.ts';
import { ALL_JOBS, filterOf, type ListChoice } from './list-filter.ts';
import { ListTools } from './list-tools.tsx';
import { useNewJobs } from './new-jobs.ts';
import { SelectionBar } from './selection-bar.tsx';
import { type Selection, useSelection } from './selection.ts';

/** The caller's jobs, newest first, limited to what the user chose. */
export function JobList() {
  const [choice, setChoice] = useState(ALL_JOBS);
  const selection = useSelection();
  const View = filterOf(choice) === null ? AllJobs : MatchingJobs;
  return (
    <section className="jobs" aria-labelledby="jobs-heading">
      <h2 id="jobs-heading" tabIndex={-1}>
        Your videos
      </h2>
      <ListTools
        choice={choice}
        onChoose={setChoice}
        isSelecting={selection.ids !== null}
        onSelect={selection.toggleSelecting}
      />
      <View choice={choice} selection={selection} />
    </section>
  );
}

interface ViewProps {
  readonly choice: ListChoice;
  readonly selection: Selection;
}

function AllJobs({ selection }: ViewProps) {
  return (
    <Jobs
      list={useJobs()}
      selection={selection}
      empty="No videos yet. Choose an image and describe what should happen in it."
    />
  );
}

function MatchingJobs({ choice, selection }: ViewProps) {
  const { announcer } = useGateway();
  const list = useVideoJobs({ filter: filterOf(choice), pageSize: PAGE });
  const found = list.isLoading ? null : foundText(list);
  useEffect(() => {
    if (found !== null) announcer.say(found);
  }, [announcer, choice, found]);
  return <Jobs list={list} selection={selection} empty={NO_MATCH} />;
}

function foundText({ jobs, hasMore }: VideoJobsState): string {
  if (jobs.length === 0 && !hasMore) return NO_MATCH;
  if (hasMore) return 'More than one page of videos matches.';
  return jobs.length === 1 ? '1 video matches.' : `${jobs.length} videos match.`;
}

const NO_MATCH = 'No video matches.';

interface JobsProps {
  readonly list: VideoJobsState;
  readonly selection: Selection;
  /** Shown when there are no jobs. */
  readonly empty: string;
}

function Jobs({ list, selection, empty }: JobsProps) {
  const { jobs, isLoading, hasMore, error } = list;
  const { shown, heldBack, showAll, top } = useNewJobs(jobs);
  const refusal = error === null ? null : refusalOf(error);
  const show = useCallback((): void => {
    showAll();
    document.querySelector('#jobs-heading')?.scrollIntoView({ block: 'start' });
    document.querySelector<HTMLElement>('#jobs-heading')?.focus({ preventScroll: true });
  }, [showAll]);
  return (
    <div aria-busy={isLoading}>
      <div ref={top} />
      {heldBack > 0 && (
        <div className="new-jobs">
          <button type="button" className="button primary" onClick={show}>
            {heldBack === 1 ? '1 new video' : `${heldBack} new videos`}
          </button>
        </div>
      )}
      {refusal !== null && <p className="muted">{refusal}</p>}
      {isLoading && refusal === null && (
        <p className="muted">{error === null ? 'Loading…' : 'The list could not be read; trying again…'}</p>
      )}
      {!isLoading && jobs.length === 0 && !hasMore && <p className="empty muted">{empty}</p>}
      {groupByDay(shown, hasMore).map((group) => (
        <Day key={group.day} group={group} selection={selection} />
      ))}
      {hasMore && <Older list={list} shown={shown.length} />}
      {selection.ids !== null && <SelectionBar jobs={shown} selection={selection} />}
    </div>
  );
}

/** Why the gateway does not list jobs; null when trying again may help. */
function refusalOf(error: Error): string | null {
  if (!(error instanceof ReelgateError)) return null;
  if (error.code === 'FORBIDDEN') return 'Your token does not allow you to list videos.';
  // With Redis the gateway has no text search.
  return error.code === 'BAD_USER_INPUT' ? error.message : null;
}

function Day({ group, selection }: { readonly group: DayGroup; readonly selection: Selection }) {
  const { day, jobs, costUsd, isCostPartial } = group;
  const cost = totalCostText(costUsd, isCostPartial);
  return (
    <section className="day" aria-labelledby={`day-${day}`}>
      <div className="day-head">
        <h3 id={`day-${day}`}>{dayTitle(day, serverNow())}</h3>
        <p className="muted">
          {jobs.length === 1 ? '1 video' : `${jobs.length} videos`}
          {cost !== null && ` · ${cost}`}
        </p>
      </div>
      <ul className="grid">
        {jobs.map((job) => (
          <li key={job.id}>
            <JobCard job={job} isSelected={isSelected(selection, job)} onSelect={selection.toggle} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Null while nothing is selected, so that the cards show no checkboxes. */
function isSelected({ ids }: Selection, { id }: VideoJob): boolean | null {
  return ids === null ? null : ids.has(id);
}

function Older({ list, shown }: { readonly list: VideoJobsState; readonly shown: number }) {
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const press = (): void => {
    if (state === 'loading') return;
    setState('loading');
    list.loadMore().then(
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
