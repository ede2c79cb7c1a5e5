import { useStore } from '../../ui/store.ts';
import type { Preparing } from '../image/use-image-files.ts';
import { usePreview } from '../image/use-preview.ts';
import { useNewJob } from '../new-job.ts';
import { Price } from '../submission/price.tsx';
import { isSending, type SendState } from '../submission/send-state.ts';
import type { Draft } from './draft.ts';

interface DraftStripProps {
  /** Sends all drafts that are not sent. */
  readonly onSendAll: () => void;
  /** Removes drafts. */
  readonly onRemove: (ids: readonly string[]) => void;
  /** Files that become drafts; null: none. */
  readonly preparing: Preparing | null;
}

/** The drafts as small pictures, when there are several. */
export function DraftStrip({ onSendAll, onRemove, preparing }: DraftStripProps) {
  const { drafts, submissions } = useNewJob();
  const { drafts: all, currentId } = useStore(drafts.state);
  const states = useStore(submissions.states);
  // The first file is for the current draft.
  const coming = preparing?.names.slice(preparing.draftId === null ? 0 : 1) ?? [];
  if (all.length === 1 && coming.length === 0) return null;
  const sent = all.filter(({ isSent }) => isSent);
  const unsent = all.filter(({ isSent }) => !isSent);
  const videos = unsent.reduce((sum, { settings }) => sum + settings.variations, 0);
  // The current one last, because the last draft of all is not removed, but loses its image.
  const removeSent = (): void =>
    onRemove(
      sent
        .map(({ id }) => id)
        .toSorted((one, other) => Number(one === currentId) - Number(other === currentId)),
    );
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
        {coming.map((name, index) => (
          <li key={index} className="draft coming" title={convertingText(name)}>
            <span aria-hidden>…</span>
            <span className="visually-hidden">{convertingText(name)}</span>
          </li>
        ))}
      </ul>
      {preparing !== null && <p className="help">{convertingText(preparing.names[0] ?? '')}</p>}
      <div className="actions">
        {unsent.length > 1 && (
          <button type="button" className="button" onClick={onSendAll}>
            Generate all {videos} videos
          </button>
        )}
        {sent.length > 0 && (
          <button type="button" className="button" onClick={removeSent}>
            Remove sent
          </button>
        )}
        <button type="button" className="button quiet" onClick={() => onRemove([currentId])}>
          Remove this draft
        </button>
      </div>
      {unsent.length > 1 && <Price videos={videos} />}
    </div>
  );
}

function convertingText(name: string): string {
  return `Converting ${name}…`;
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
  const { url, isBroken, onError } = usePreview(image);
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
      {url === null || isBroken ? (
        number
      ) : (
        <img src={url} alt="" referrerPolicy="no-referrer" onError={onError} />
      )}
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
