import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { v4 } from 'uuid';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';
import type { ChosenImage } from './chosen-image.ts';
import { chooseImage, draft } from './draft.ts';
import { TextField } from './fields.tsx';
import { acceptedText, FormNote, type FormOutcome } from './form-note.tsx';
import { ImageField } from './image-field.tsx';
import { MoreSettings } from './more-settings.tsx';
import { PARAMETERS } from './parameters.ts';
import { readForm } from './read-form.ts';
import { sendWish } from './send-wish.ts';
import { Wishes } from './wishes.ts';

const NO_ISSUES: ReadonlyMap<string, string> = new Map();

// Browsers have `crypto.randomUUID` in secure contexts only, so not over plain http.
const wishes = new Wishes(
  () => performance.now(),
  () => v4(),
);

/** The form for a new video. */
export function JobForm() {
  const { apollo, announcer, connection } = useGateway();
  const isLive = useStore(connection.state) === 'connected';
  const [image, setImage] = useState(draft.image);
  const [phase, setPhase] = useState<'idle' | 'uploading' | 'sending'>('idle');
  const [outcome, setOutcome] = useState<FormOutcome | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const issues = outcome?.type === 'faulty' ? outcome.issues : NO_ISSUES;

  useEffect(() => {
    if (outcome?.type === 'faulty')
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [outcome]);

  const choose = (chosen: ChosenImage | null): void => {
    chooseImage(chosen);
    setImage(chosen);
    setOutcome(null);
    if (chosen?.type === 'file') announcer.say(`The image is ${chosen.file.name}.`);
  };
  const refuse = (message: string, faults: ReadonlyMap<string, string>): void => {
    announcer.say([message, ...faults.values()].join(' '));
    setOutcome({ type: 'faulty', message, issues: faults });
  };

  const send = async (): Promise<void> => {
    if (phase !== 'idle' || form.current === null) return;
    setPhase(image?.type === 'file' ? 'uploading' : 'sending');
    setOutcome(null);
    const read = readForm(new FormData(form.current));
    const result = await sendWish({ apollo, wishes, image, ...read, onUploaded: () => setPhase('sending') });
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
      // Every fault at once, and also in settings that are folded away.
      noValidate
      onSubmit={submit}
      onKeyDown={submitByKey}
      onChange={keep}
    >
      <h2 id="new-heading">New video</h2>
      <ImageField
        image={image}
        fault={issues.get('image') ?? null}
        onChoose={choose}
        onFault={(fault) => refuse('This file can’t be used.', new Map([['image', fault]]))}
      />
      <TextField
        name="prompt"
        label="Prompt"
        {...PARAMETERS.prompt}
        defaultValue={draft.input.prompt}
        rows={3}
        required
        fault={issues.get('prompt') ?? null}
      />
      <MoreSettings issues={issues} />
      <button type="submit" className="button primary" aria-disabled={phase !== 'idle'}>
        {phase === 'idle' ? 'Generate video' : waiting[phase]}
      </button>
      <FormNote outcome={outcome} />
    </form>
  );
}

/** It is sent as soon as the gateway is back. */
const WAITING = { uploading: 'Uploading…', sending: 'Waiting for the gateway…' } as const;
