import { type KeyboardEvent, type SubmitEvent, useEffect, useRef } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';
import { DraftStrip } from './drafts/draft-strip.tsx';
import { type DraftSettings, MAX_VARIATIONS } from './drafts/draft.ts';
import { ChoiceField } from './fields/fields.tsx';
import { MoreSettings } from './fields/more-settings.tsx';
import { PromptField } from './fields/prompt-field.tsx';
import { ImageField } from './image/image-field.tsx';
import { useNewJob } from './new-job.ts';
import { FormNote } from './submission/form-note.tsx';
import { Price } from './submission/price.tsx';
import { messageOf, type SendState } from './submission/send-state.ts';
import { SubmitRow } from './submission/submit-row.tsx';

const NO_ISSUES: ReadonlyMap<string, string> = new Map();
const VARIATIONS = Array.from({ length: MAX_VARIATIONS }, (_, index) => ({
  value: index + 1,
  text: String(index + 1),
}));

/** The form for a new video. */
export function JobForm() {
  const { announcer } = useGateway();
  const { drafts, submissions } = useNewJob();
  const { currentId } = useStore(drafts.state);
  const draft = drafts.current;
  const { settings } = draft;
  const state = useStore(submissions.states).get(currentId) ?? null;
  const issues = state?.type === 'invalid' ? state.issues : NO_ISSUES;
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (issues.size > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [issues]);

  const change = (changed: Partial<DraftSettings>): void => drafts.changeSettings(currentId, changed);
  const send = async (): Promise<void> => {
    const result = await submissions.send(currentId, state?.type === 'unloadable');
    if (result !== null) announcer.say(announcementOf(result));
  };
  const sendAll = async (): Promise<void> => {
    const outcomes = await submissions.sendAll();
    if (outcomes === null) return;
    const failed = [...outcomes].filter(([, { type }]) => type !== 'accepted');
    announcer.say(`${outcomes.size - failed.length} of ${outcomes.size} drafts were sent.`);
    const [first] = failed;
    if (first !== undefined) drafts.select(first[0]);
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
      <DraftStrip onSendAll={() => void sendAll()} />
      <ImageField draft={draft} error={issues.get('image') ?? null} />
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
      <FormNote state={state} />
    </form>
  );
}

/** The message with the errors of all fields. */
function announcementOf(state: SendState): string {
  const issues = state.type === 'invalid' ? state.issues.values() : [];
  return [messageOf(state) ?? '', ...issues].join(' ');
}
