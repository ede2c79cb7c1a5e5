import { useStore } from '../../ui/store.ts';
import { useObjectUrl } from '../image/use-object-url.ts';
import { useNewJob } from '../new-job.ts';
import { isSending, type SendState } from '../submission/send-state.ts';
import type { Draft } from './draft.ts';

interface DraftStripProps {
  /** Sends all drafts that are not sent. */
  readonly onSendAll: () => void;
}

/** The drafts as small pictures, when there are several. */
export function DraftStrip({ onSendAll }: DraftStripProps) {
  const { drafts, submissions } = useNewJob();
  const { drafts: all, currentId } = useStore(drafts.state);
  const states = useStore(submissions.states);
  if (all.length === 1) return null;
  const sent = all.filter(({ isSent }) => isSent);
  const unsent = all.length - sent.length;
  const removeSent = (): void => {
    for (const { id } of sent) drafts.remove(id);
  };
  const removeCurrent = (): void => {
    // Nothing would show that it is still being sent.
    submissions.cancel(currentId);
    drafts.remove(currentId);
  };
  return (
    <div className="field">
      <ul className="drafts" aria-label="Drafts">
        {all.map((draft, index) => (
          <li key={draft.id}>
            <DraftButton
              draft={draft}
              number={index + 1}
              isCurrent={draft.id === currentId}
              state={states.get(draft.id) ?? null}
              onSelect={() => drafts.select(draft.id)}
            />
          </li>
        ))}
      </ul>
      <div className="actions">
        {unsent > 1 && (
          <button type="button" className="button" onClick={onSendAll}>
            Generate all {unsent}
          </button>
        )}
        {sent.length > 0 && (
          <button type="button" className="button" onClick={removeSent}>
            Remove sent
          </button>
        )}
        <button type="button" className="button quiet" onClick={removeCurrent}>
          Remove this draft
        </button>
      </div>
    </div>
  );
}

interface DraftButtonProps {
  readonly draft: Draft;
  readonly number: number;
  readonly isCurrent: boolean;
  readonly state: SendState | null;
  readonly onSelect: () => void;
}

function DraftButton({ draft, number, isCurrent, state, onSelect }: DraftButtonProps) {
  const { image, settings, isSent } = draft;
  const fileUrl = useObjectUrl(image?.type === 'file' ? image.file : null);
  const url = image?.type === 'url' ? image.url : fileUrl;
  const mark = markOf(state, isSent);
  const name = [`Draft ${number}`, settings.prompt.slice(0, 60), mark?.text].filter(Boolean).join(': ');
  return (
    <button
      type="button"
      className="draft"
      aria-pressed={isCurrent}
      aria-label={name}
      title={name}
      onClick={onSelect}
    >
      {url === null ? number : <img src={url} alt="" referrerPolicy="no-referrer" />}
      {mark !== null && (
        <span className="draft-mark" data-mark={mark.text}>
          {mark.sign}
        </span>
      )}
    </button>
  );
}

function markOf(
  state: SendState | null,
  isSent: boolean,
): { readonly sign: string; readonly text: string } | null {
  if (isSending(state)) return { sign: '…', text: 'sending' };
  if (isSent) return { sign: '✓', text: 'sent' };
  const hasFailed = state?.type === 'invalid' || state?.type === 'refused' || state?.type === 'unloadable';
  return hasFailed ? { sign: '!', text: 'not sent' } : null;
}
