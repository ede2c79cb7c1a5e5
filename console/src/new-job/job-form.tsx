import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';
import { DraftStrip } from './drafts/draft-strip.tsx';
import { type DraftSettings, MAX_VARIATIONS } from './drafts/draft.ts';
import { ChoiceField } from './fields/fields.tsx';
import { MoreSettings } from './fields/more-settings.tsx';
import { PromptField } from './fields/prompt-field.tsx';
import { ImageField } from './image/image-field.tsx';
import { useImageFiles } from './image/use-image-files.ts';
import { useNewJob } from './new-job.ts';
import { batchOf, type Batch, batchText } from './submission/batch.ts';
import { FormNote } from './submission/form-note.tsx';
import { Price } from './submission/price.tsx';
import { messageOf, NO_ISSUES, presentIssues, type SendState } from './submission/send-state.ts';
import { SubmitRow } from './submission/submit-row.tsx';

const VARIATIONS = Array.from({ length: MAX_VARIATIONS }, (_, index) => ({
  value: index + 1,
  text: String(index + 1),
}));

/** Fields with an error, and errors without a field. */
const INVALID = '[aria-invalid="true"], .field-error[tabindex]:not(.rejected *)';
/** What gets the focus when drafts are removed: the current draft, or the prompt when only one is left. */
const AFTER_REMOVAL = '.draft[aria-pressed="true"], textarea[name="prompt"]';

/** The form for a new video. */
export function JobForm() {
  const { announcer } = useGateway();
  const { drafts, submissions } = useNewJob();
  const { currentId } = useStore(drafts.state);
  const draft = drafts.current;
  const { settings } = draft;
  const state = useStore(submissions.states).get(currentId) ?? null;
  const refused = state?.type === 'invalid' ? state.issues : NO_ISSUES;
  const issues = presentIssues(state, settings);
  const form = useRef<HTMLFormElement>(null);
  const files = useImageFiles();
  /** The result of “Generate all”, until the form shows another draft or another result. */
  const [batch, setBatch] = useState<(Batch & { readonly state: SendState | null }) | null>(null);

  useEffect(() => {
    if (refused.size === 0) return;
    const fields = form.current?.querySelectorAll<HTMLElement>(INVALID) ?? [];
    for (const field of fields) field.closest('details')?.setAttribute('open', '');
    fields[0]?.focus();
  }, [refused]);

  const change = (changed: Partial<DraftSettings>): void => drafts.changeSettings(currentId, changed);
  const send = async (): Promise<void> => {
    const result = await submissions.send(currentId, state?.type === 'unloadable');
    if (result !== null) announcer.say(announcementOf(result));
  };
  const sendAll = async (): Promise<void> => {
    const outcomes = await submissions.sendAll();
    if (outcomes === null) return;
    const result = batchOf(outcomes);
    announcer.say(batchText(result));
    if (result.firstFailed !== null) drafts.select(result.firstFailed);
    const shown = submissions.states.get().get(drafts.current.id) ?? null;
    setBatch({ ...result, state: shown });
  };
  const remove = (ids: readonly string[]): void => {
    flushSync(() => {
      for (const id of ids) {
        // Nothing would show that it is still being sent.
        submissions.cancel(id);
        drafts.remove(id);
      }
    });
    form.current?.querySelector<HTMLElement>(AFTER_REMOVAL)?.focus();
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void send();
  };
  const submitByKey = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    if (key === 'Enter' && (ctrlKey || metaKey)) form.current?.requestSubmit();
  };

  return (
    <form
      ref={form}
      className="new-job"
      aria-labelledby="new-heading"
      // The form shows all errors at once, including those in collapsed settings.
      noValidate
      onSubmit={submit}
      onKeyDown={submitByKey}
    >
      <h2 id="new-heading">New video</h2>
      <DraftStrip onSendAll={() => void sendAll()} onRemove={remove} preparing={files.preparing} />
      <ImageField draft={draft} files={files} error={issues.get('image') ?? null} />
      <PromptField
        value={settings.prompt}
        error={issues.get('prompt') ?? null}
        onValue={(prompt) => change({ prompt })}
      />
      <ChoiceField
        name="variations"
        label="Variations"
        help="Videos from the same input, each with another seed."
        choices={VARIATIONS}
        value={settings.variations}
        onValue={(variations) => change({ variations })}
        error={null}
      />
      <MoreSettings settings={settings} issues={issues} onChange={change} />
      <Price videos={settings.variations} />
      <SubmitRow draftId={currentId} videos={settings.variations} state={state} />
      <FormNote
        state={refused.size > issues.size && issues.size === 0 ? null : state}
        batch={batch?.state === state ? batch : null}
      />
    </form>
  );
}

/** The message with the errors of all fields. */
function announcementOf(state: SendState): string {
  const issues = state.type === 'invalid' ? state.issues.values() : [];
  return [messageOf(state) ?? '', ...issues].join(' ');
}
