import type { ConnectionState } from '../gateway/connection.ts';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from './store.ts';

const LABELS: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting…',
  connected: 'Live',
  reconnecting: 'Reconnecting…',
  'signed-out': 'Signed out',
  refused: 'Refused',
};

/** Shows and announces the connection state. */
export function ConnectionStatus() {
  const state = useStore(useGateway().connection.state);
  return (
    <span className="connection" data-state={state} role="status" aria-label="Connection">
      {LABELS[state]}
    </span>
  );
}
