import { useEffect, useState } from 'react';
import { type ListChoice, MAX_SEARCH, STATUS_CHOICES } from './list-filter.ts';

interface ListToolsProps {
  readonly choice: ListChoice;
  readonly onChoose: (choice: ListChoice) => void;
  readonly isSelecting: boolean;
  readonly onSelect: () => void;
}

/** The search starts when the user has not typed for this time. */
const TYPING_MS = 300;

/** The controls above the list: status, search, and the start of a selection. */
export function ListTools({ choice, onChoose, isSelecting, onSelect }: ListToolsProps) {
  const [search, setSearch] = useState(choice.search);
  useEffect(() => {
    if (search === choice.search) return undefined;
    const timer = setTimeout(() => onChoose({ ...choice, search }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [search, choice, onChoose]);
  return (
    <div className="list-tools" role="search" aria-label="Videos">
      <select
        aria-label="Status"
        value={choice.status}
        onChange={({ target }) => {
          const status = STATUS_CHOICES.find(({ value }) => value === target.value)?.value;
          if (status !== undefined) onChoose({ search, status });
        }}
      >
        {STATUS_CHOICES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Search prompts"
        placeholder="Search"
        dir="auto"
        maxLength={MAX_SEARCH}
        value={search}
        onChange={({ target }) => setSearch(target.value)}
      />
      <button
        type="button"
        id="select-videos"
        className="button"
        aria-pressed={isSelecting}
        onClick={onSelect}
      >
        Select
      </button>
    </div>
  );
}
