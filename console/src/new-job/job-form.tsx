import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { usePageState } from '../gateway/page-state.ts';
import type { ChosenImage } from './draft.ts';
import { chooseImage, draft } from './draft.ts';
import { TextField } from './fields.tsx';
import { acceptedText, FormNote, type FormOutcome } from './form-note.tsx';
import { ImageField } from './image-field.tsx';
import { MoreSettings } from './more-settings.tsx';
import { PARAMETERS } from './parameters.ts';
import { readForm } from './read-form.ts';
import { sendForm } from './send-form.ts';

const NO_ISSUES: ReadonlyMap<string, string> = new Map();

/** The state of the form, and the functions that change it. */
function useJobForm() {
  const { client, announcer } = useGateway();
  const [image, setImage] = useState(draft.image);
  const [phase, setPhase] = useState<'idle' | 'uploading' | 'sending'>('idle');
  const [outcome, setOutcome] = useState<FormOutcome | null>(null);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (outcome?.type === 'invalid')
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [outcome]);

  const choose = (chosen: ChosenImage | null): void => {
    chooseImage(chosen);
    setImage(chosen);
    setOutcome(null);
    if (chosen?.type === 'file') announcer.say(`The image is ${chosen.file.name}.`);
  };
  const refuse = (message: string, issues: ReadonlyMap<string, string>): void => {
    announcer.say([message, ...issues.values()].join(' '));
    setOutcome({ type: 'invalid', message, issues });
  };
  const send = async (): Promise<void> => {
    if (phase !== 'idle' || form.current === null) return;
    setPhase(image?.type === 'file' ? 'uploading' : 'sending');
    setOutcome(null);
    const read = readForm(new FormData(form.current));
    const result = await sendForm({ client, image, ...read, onUploaded: () => setPhase('sending') });
    setPhase('idle');
    switch (result.type) {
      case 'accepted':
        announcer.say(acceptedText(undefined, result.deduplicated));
        return setOutcome(result);
      case 'invalid':
        return refuse(result.message, result.issues);
      case 'refused':
        return refuse(result.message, NO_ISSUES);
    }
  };
  return { form, image, phase, outcome, choose, refuse, send };
}

/** The form for a new video. */
export function JobForm() {
  const isLive = usePageState() === 'connected';
  const { form, image, phase, outcome, choose, refuse, send } = useJobForm();
  const issues = outcome?.type === 'invalid' ? outcome.issues : NO_ISSUES;

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void send();
  };
  const submitByKey = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    if (key === 'Enter' && (ctrlKey || metaKey)) form.current?.requestSubmit();
  };
  const keep = (): void => {
    if (form.current !== null) draft.input = readForm(new FormData(form.current)).input;
  };

  const waiting = isLive ? { uploading: 'Uploading…', sending: 'Sending…' } : WAITING;
  return (
    <form
      ref={form}
      className="new-job"
      aria-labelledby="new-heading"
      // The form shows all errors at once, including those in collapsed settings.
      noValidate
      onSubmit={submit}
      onKeyDown={submitByKey}
      onChange={keep}
    >
      <h2 id="new-heading">New video</h2>
      <ImageField
        image={image}
        error={issues.get('image') ?? null}
        onChoose={choose}
        onError={(error) => refuse('This file can’t be used.', new Map([['image', error]]))}
      />
      <TextField
        name="prompt"
        label="Prompt"
        {...PARAMETERS.prompt}
        defaultValue={draft.input.prompt}
        rows={3}
        required
        error={issues.get('prompt') ?? null}
      />
      <MoreSettings issues={issues} />
      <button type="submit" className="button primary" aria-disabled={phase !== 'idle'}>
        {phase === 'idle' ? 'Generate video' : waiting[phase]}
      </button>
      <FormNote outcome={outcome} />
    </form>
  );
}

/** Labels while disconnected: the request is sent after the next connection. */
const WAITING = { uploading: 'Uploading…', sending: 'Waiting for the gateway…' } as const;
