import { type PageState, usePageState } from '../gateway/page-state.ts';

const LABELS: Readonly<Record<PageState, string>> = {
  idle: '',
  connecting: 'Connecting…',
  connected: 'Live',
  reconnecting: 'Reconnecting…',
  'signed-out': 'Signed out',
  refused: 'Refused',
};

/** Shows and announces the connection state. */
export function ConnectionStatus() {
  const state = usePageState();
  return (
    <span className="connection" data-state={state} role="status" aria-label="Connection">
      {LABELS[state]}
    </span>
  );
}
