import type { VideoJob } from '@reelgate/client';
import { useId, useRef, useState } from 'react';
import { shortTitle } from '../short-title.ts';
import { type JobAction, useJobActions } from './job-actions.tsx';
import type { RunAgain } from './run-again.ts';

interface ActionMenuProps {
  readonly job: VideoJob;
  readonly again: RunAgain;
}

/** A button that opens the list of a job's actions. The browser closes it on Escape and on a click elsewhere. */
export function ActionMenu({ job, again }: ActionMenuProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  return (
    <span>
      <button
        type="button"
        className="menu-button"
        popoverTarget={id}
        aria-label={`More actions: ${shortTitle(job)}`}
      >
        <span aria-hidden="true">⋯</span>
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        className="menu"
        onToggle={({ newState }) => setOpen(newState === 'open')}
      >
        {/* Only the open one has entries: a list has a hundred cards. */}
        {isOpen && <Entries job={job} again={again} onDone={() => list.current?.hidePopover()} />}
      </div>
    </span>
  );
}

function Entries({ job, again, onDone }: ActionMenuProps & { readonly onDone: () => void }) {
  const actions: readonly JobAction[] = [
    { label: 'Run again, same settings', run: () => again.run('same') },
    { label: 'Run again, new seed', run: () => again.run('new') },
    ...useJobActions(job),
  ];
  return (
    <ul>
      {actions.map(({ label, isDangerous = false, run }, index) => (
        <li key={label}>
          <button
            type="button"
            autoFocus={index === 0}
            data-danger={isDangerous}
            onClick={() => {
              // First, so that the focus is on the menu's button when a dialog opens, and returns there.
              onDone();
              void run();
            }}
          >
            {label}
          </button>
        </li>
      ))}
    </ul>
  );
}
