import { useCallback, useMemo, useState } from 'react';

/** The jobs that the user selected. */
export interface Selection {
  /** Null: the user is not selecting. */
  readonly ids: ReadonlySet<string> | null;
  readonly toggle: (id: string) => void;
  readonly select: (ids: Iterable<string>) => void;
  /** Starts a selection, or ends it. */
  readonly toggleSelecting: () => void;
}

export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string> | null>(null);
  const toggle = useCallback(
    (id: string) =>
      setIds((before) => {
        const after = new Set(before);
        if (!after.delete(id)) after.add(id);
        return after;
      }),
    [],
  );
  const select = useCallback((wanted: Iterable<string>) => setIds(new Set(wanted)), []);
  const toggleSelecting = useCallback(() => setIds((before) => (before === null ? new Set() : null)), []);
  return useMemo(() => ({ ids, toggle, select, toggleSelecting }), [ids, toggle, select, toggleSelecting]);
}
