import { type Connection, ReelgateError } from '@reelgate/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useGateway } from './gateway.tsx';

/** The state of the page's connection to the gateway. */
export type PageState =
  /** Nothing is watched. */
  | 'idle'
  | 'connecting'
  | 'connected'
  /** The connection was lost or could not be opened; the client retries. */
  | 'reconnecting'
  /** The gateway requires a token, or refused the stored one. */
  | 'signed-out'
  /** The gateway does not allow pages of this origin or host. */
  | 'refused';

/** Codes of a missing or invalid token. */
const TOKEN_CODES: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'FORBIDDEN']);

function pageState({ state, error }: Connection): PageState {
  if (state !== 'refused') return state;
  return error instanceof ReelgateError && TOKEN_CODES.has(error.code) ? 'signed-out' : 'refused';
}

/** The state of the page's connection; the component renders again after each change. */
export function usePageState(): PageState {
  const { connection } = useGateway().client;
  const subscribe = useCallback((listener: () => void) => connection.onChange(listener), [connection]);
  return useSyncExternalStore(subscribe, () => pageState(connection));
}
