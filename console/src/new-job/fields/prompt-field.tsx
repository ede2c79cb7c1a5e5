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
      <EarlierPrompts value={value} onChoose={onValue} />
    </TextField>
  );
}

/** A text that a chosen prompt has replaced in a draft. */
interface Replaced {
  readonly draftId: string;
  readonly text: string;
  readonly by: string;
}

interface EarlierPromptsProps {
  readonly value: string;
  readonly onChoose: (prompt: string) => void;
}

function EarlierPrompts({ value, onChoose }: EarlierPromptsProps) {
  const id = useId();
  const { drafts, history } = useNewJob();
  const { currentId } = useStore(drafts.state);
  const [replaced, setReplaced] = useState<Replaced | null>(null);
  const prompts = useStore(history.prompts);
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (prompts.length === 0) return null;

  const choose = (prompt: string): void => {
    setReplaced({ draftId: currentId, text: value, by: prompt });
    onChoose(prompt);
    close();
  };
  const canRestore =
    replaced?.draftId === currentId &&
    replaced.by === value &&
    replaced.text.trim() !== '' &&
    !prompts.includes(replaced.text.trim());
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
      {canRestore && (
        <button
          type="button"
          className="link"
          onClick={({ currentTarget }) => {
            focusPrompt(currentTarget);
            onChoose(replaced.text);
          }}
        >
          Restore your text
        </button>
      )}
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
              <button type="button" dir="auto" onClick={() => choose(prompt)}>
                {prompt}
              </button>
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="link"
          onClick={({ currentTarget }) => {
            focusPrompt(currentTarget);
            history.clear();
          }}
        >
          Forget them all
        </button>
      </div>
    </div>
  );
}

/** For a button that vanishes when it is pressed. Leaving it also closes the list. */
function focusPrompt(button: HTMLElement): void {
  button.closest('.field')?.querySelector('textarea')?.focus();
}
