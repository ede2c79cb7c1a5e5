import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { messageOf } from '../ui/message-of.ts';
import type { Action } from './actions.ts';

interface ProblemsProps {
  readonly title: string;
  /** Shown instead of an empty list. */
  readonly empty: string;
  readonly children: readonly ReactNode[];
}

/** A list of entries with a heading. */
export function Problems({ title, empty, children }: ProblemsProps) {
  const heading = useId();
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading} tabIndex={-1}>
        {title}
      </h2>
      {children.length === 0 ? <p className="muted">{empty}</p> : <ul className="problems">{children}</ul>}
    </section>
  );
}

interface ProblemProps {
  readonly id: string;
  /** What it is. */
  readonly name: string;
  /** Short facts before the text. */
  readonly about: readonly string[];
  readonly text: string;
  /** Short facts after the text. */
  readonly facts: readonly string[];
  /** The label of its button; null: there is none. */
  readonly label: string | null;
  readonly action: Action;
  /** Called after the action. */
  readonly onDone: () => void;
}

/** One entry with its action. */
export function Problem({ id, name, about, text, facts, label, action, onDone }: ProblemProps) {
  return (
    <li className="problem">
      <div>
        <p className="problem-head">
          <code>{name}</code>
          {about.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
        <p>{text}</p>
        <p className="muted">{facts.join(' · ')}</p>
      </div>
      {label !== null && <ActionButton id={id} name={name} label={label} action={action} onDone={onDone} />}
    </li>
  );
}

type ActionButtonProps = Pick<ProblemProps, 'id' | 'name' | 'action' | 'onDone'> & { readonly label: string };

function ActionButton({ id, name, label, action, onDone }: ActionButtonProps) {
  const { client, notices } = useGateway();
  const [isBusy, setIsBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  // The entry may disappear because of the action. Then the focus goes to its list, not to the top of the page.
  useLayoutEffect(() => {
    const shown = button.current;
    return () => {
      if (document.activeElement === shown) shown?.closest('section')?.querySelector('h2')?.focus();
    };
  }, []);
  const act = async (): Promise<void> => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      const { text, isRefused } = await action(client.connection, id);
      if (isRefused) notices.fail(text);
      else notices.tell(text);
    } catch (error) {
      notices.fail(messageOf(error));
    }
    setIsBusy(false);
    onDone();
  };
  return (
    <button
      ref={button}
      type="button"
      className="button"
      aria-disabled={isBusy}
      aria-label={`${label}: ${name}`}
      onClick={() => void act()}
    >
      {label}
    </button>
  );
}
