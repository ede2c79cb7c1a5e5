import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import type { ChosenImage } from './chosen-image.ts';
import { CheckField, ChoiceField, RangeField, SeedField, TextField } from './fields.tsx';
import { ImageField } from './image-field.tsx';
import { PARAMETERS } from './parameters.ts';
import { readForm } from './read-form.ts';
import { sendWish } from './send-wish.ts';
import { Wishes } from './wishes.ts';

/** What the form's last sending came to. */
interface Outcome {
  readonly message: string;
  /** The job that was accepted; null when none was. */
  readonly jobId: string | null;
  readonly isFault: boolean;
  readonly issues: ReadonlyMap<string, string>;
}

const NO_ISSUES: ReadonlyMap<string, string> = new Map();
const RESOLUTIONS = [360, 480, 576].map((pixels) => ({ value: `R${pixels}`, text: String(pixels) }));
const MORE = ['negativePrompt', 'resolution', 'videoLength', 'steps', 'seed', 'base64'];

/** The form for a new video. */
export function JobForm() {
  const { apollo, announcer } = useGateway();
  const [wishes] = useState(
    () =>
      new Wishes(
        () => performance.now(),
        () => crypto.randomUUID(),
      ),
  );
  const [image, setImage] = useChosenImage();
  const [sending, setSending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const faultOf = (name: string): string | null => outcome?.issues.get(name) ?? null;

  useEffect(() => {
    if (outcome?.isFault === true) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [outcome]);

  const refuse = (message: string, issues: ReadonlyMap<string, string>): void => {
    announcer.say([message, ...issues.values()].join(' '));
    setOutcome({ message, jobId: null, isFault: true, issues });
  };
  const accept = (message: string, jobId: string): void => {
    announcer.say(message);
    setOutcome({ message, jobId, isFault: false, issues: NO_ISSUES });
  };

  const send = async (): Promise<void> => {
    if (sending || form.current === null) return;
    setSending(true);
    setOutcome(null);
    const result = await sendWish({ apollo, wishes, image, input: readForm(new FormData(form.current)) });
    setSending(false);
    switch (result.type) {
      case 'accepted':
        return accept(
          result.deduplicated ? 'This video is on its way already.' : 'Your video is on its way.',
          result.id,
        );
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

  const { prompt, negativePrompt, resolution, videoLength, steps, seed, base64 } = PARAMETERS;
  const moreIsWrong = MORE.some((name) => faultOf(name) !== null);
  return (
    <form
      ref={form}
      className="new-job"
      aria-labelledby="new-heading"
      onSubmit={submit}
      onKeyDown={submitByKey}
    >
      <h2 id="new-heading">New video</h2>
      <ImageField
        image={image}
        fault={faultOf('image')}
        onChoose={(chosen) => {
          setImage(chosen);
          setOutcome(null);
        }}
        onFault={(fault) => refuse('This file can’t be used.', new Map([['image', fault]]))}
      />
      <TextField name="prompt" label="Prompt" {...prompt} rows={3} required fault={faultOf('prompt')} />
      <details className="more" {...(moreIsWrong ? { open: true } : {})}>
        <summary>More settings</summary>
        <ChoiceField
          name="resolution"
          label="Longest side, in pixels"
          {...resolution}
          choices={RESOLUTIONS}
          fault={faultOf('resolution')}
        />
        <RangeField
          name="videoLength"
          label="Length"
          {...videoLength}
          unit=" s"
          fault={faultOf('videoLength')}
        />
        <RangeField name="steps" label="Steps" {...steps} fault={faultOf('steps')} />
        <TextField
          name="negativePrompt"
          label="Negative prompt"
          {...negativePrompt}
          rows={3}
          fault={faultOf('negativePrompt')}
        />
        <SeedField name="seed" label="Seed" {...seed} fault={faultOf('seed')} />
        <CheckField name="base64" label="As base64" help={base64.help} fault={faultOf('base64')} />
      </details>
      <button type="submit" className="button primary" aria-disabled={sending}>
        {sending ? 'Sending…' : 'Generate video'}
      </button>
      <p className={outcome?.isFault === true ? 'form-note field-error' : 'form-note muted'}>
        {outcome?.message}{' '}
        {outcome !== null && outcome.jobId !== null && <Link href={`/jobs/${outcome.jobId}`}>Watch it</Link>}
      </p>
    </form>
  );
}

/** The chosen image; the preview of one that is no longer chosen is let go. */
function useChosenImage() {
  const [image, setImage] = useState<ChosenImage | null>(null);
  useEffect(
    () => () => {
      if (image?.type === 'file') URL.revokeObjectURL(image.previewUrl);
    },
    [image],
  );
  return [image, setImage] as const;
}
