import { type FocusEvent, type KeyboardEvent, useId, useRef, useState } from 'react';
import { useStore } from '../../ui/store.ts';
import { useNewJob } from '../new-job.ts';
import { PARAMETERS } from '../parameters.ts';
import { TextField } from './fields.tsx';

interface PromptFieldProps {
  readonly value: string;
  readonly error: string | null;
  readonly onValue: (value: string) => void;
}

/** The prompt, with the prompts of earlier requests to choose from. */
export function PromptField({ value, error, onValue }: PromptFieldProps) {
  return (
    <TextField
      name="prompt"
      label="Prompt"
      {...PARAMETERS.prompt}
      value={value}
      onValue={onValue}
      rows={3}
      required
      error={error}
    >
      <EarlierPrompts onChoose={onValue} />
    </TextField>
  );
}

function EarlierPrompts({ onChoose }: { readonly onChoose: (prompt: string) => void }) {
  const id = useId();
  const { history } = useNewJob();
  const prompts = useStore(history.prompts);
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (prompts.length === 0) return null;

  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const closeByKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close();
  };
  const leave = ({ currentTarget, relatedTarget }: FocusEvent<HTMLElement>): void => {
    if (!currentTarget.contains(relatedTarget)) setOpen(false);
  };
  return (
    <div className="earlier" onKeyDown={isOpen ? closeByKey : undefined} onBlur={leave}>
      <button
        ref={button}
        type="button"
        className="link"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        Earlier prompts
      </button>
      <div id={id} className="earlier-list" tabIndex={-1} hidden={!isOpen}>
        <ul>
          {prompts.map((prompt) => (
            <li key={prompt}>
              <button
                type="button"
                dir="auto"
                onClick={() => {
                  onChoose(prompt);
                  close();
                }}
              >
                {prompt}
              </button>
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="link"
          onClick={() => {
            history.clear();
            setOpen(false);
          }}
        >
          Forget them all
        </button>
      </div>
    </div>
  );
}
