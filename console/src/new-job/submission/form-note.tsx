import { Link } from 'wouter';
import { useJobs } from '../../jobs/jobs.tsx';
import { type Batch, failedText } from './batch.ts';
import { acceptedText, isSending, messageOf, type SendState } from './send-state.ts';

interface FormNoteProps {
  readonly state: SendState | null;
  /** What was sent together with the draft of `state`; null: nothing. */
  readonly batch: Batch | null;
}

/** The message below the form's button. It occupies its space even without a text, so that the layout does not shift. */
export function FormNote({ state, batch }: FormNoteProps) {
  if (batch !== null && batch.count > 1 && !isSending(state))
    return <BatchNote state={state} batch={batch} />;
  if (state === null || isSending(state)) return <p className="form-note" />;
  if (state.type === 'accepted') {
    return (
      <p className="form-note muted">
        <Accepted key={state.ids.join()} {...state} />
      </p>
    );
  }
  const isProblem = state.type !== 'canceled';
  return <p className={`form-note ${isProblem ? 'field-error' : 'muted'}`}>{messageOf(state)}</p>;
}

function BatchNote({ state, batch }: FormNoteProps & { readonly batch: Batch }) {
  const { ids, failed } = batch;
  const problem = state === null || state.type === 'accepted' ? null : messageOf(state);
  return (
    <p className={`form-note ${failed > 0 ? 'field-error' : 'muted'}`}>
      {ids.length > 0 && <Accepted key={ids.join()} ids={ids} isRepeated={false} />} {failedText(batch)}{' '}
      {problem}
    </p>
  );
}

interface AcceptedProps {
  readonly ids: readonly string[];
  readonly isRepeated: boolean;
}

function Accepted({ ids, isRepeated }: AcceptedProps) {
  const jobs = useJobs().jobs.filter(({ id }) => ids.includes(id));
  const [only] = ids;
  const hasFailed = jobs.some(({ status }) => status === 'FAILED');
  return (
    <>
      {stateText(jobs, { ids, isRepeated })}{' '}
      {ids.length === 1 && <Link href={`/jobs/${only ?? ''}`}>{hasFailed ? 'See why' : 'Watch it'}</Link>}
    </>
  );
}

function stateText(jobs: readonly { readonly status: string }[], accepted: AcceptedProps): string {
  const all = (...statuses: readonly string[]): boolean =>
    jobs.length === accepted.ids.length && jobs.every(({ status }) => statuses.includes(status));
  if (all('COMPLETED')) return acceptedText('is ready', 'are ready', accepted);
  if (all('FAILED')) return acceptedText('failed', 'failed', accepted);
  if (all('COMPLETED', 'FAILED'))
    return acceptedText('has ended', 'have ended, some without a video', accepted);
  return acceptedText('is on its way', 'are on their way', accepted);
}
