import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { Store, useStore } from './store.ts';

/** Opens dialogs, one at a time. */
export class Dialogs {
  readonly shown = new Store<ReactNode>(null);

  /** @param dialog a `Dialog` */
  open(dialog: ReactNode): void {
    this.shown.set(dialog);
  }

  readonly close = (): void => this.shown.set(null);

  /** Asks before something that cannot be undone. @returns whether the user wants it */
  confirm(question: Question): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answer = (yes: boolean): void => {
      this.close();
      resolve(yes);
    };
    this.open(<Confirmation {...question} onAnswer={answer} />);
    return promise;
  }
}

/** The place of the dialogs. */
export function DialogHost({ dialogs }: { readonly dialogs: Dialogs }) {
  return useStore(dialogs.shown);
}

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A modal dialog. The browser moves the focus into it, keeps it there and returns it afterwards. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // A layout effect, because the browser returns the focus only if the dialog closes before it is removed.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={heading} onCancel={onClose}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

interface Question {
  readonly title: string;
  readonly text: string;
  /** The label of the button that does it. */
  readonly action: string;
}

function Confirmation({ title, text, action, onAnswer }: Question & { onAnswer: (yes: boolean) => void }) {
  return (
    <Dialog title={title} onClose={() => onAnswer(false)}>
      <p>{text}</p>
      <div className="actions">
        <button type="button" className="button" autoFocus onClick={() => onAnswer(false)}>
          Keep
        </button>
        <button type="button" className="button danger" onClick={() => onAnswer(true)}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
