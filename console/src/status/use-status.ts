import { type Connection, ReelgateError } from '@reelgate/client';
import { useEffect, useState } from 'react';
import { useGateway } from '../gateway/gateway.tsx';
import { usePageState } from '../gateway/page-state.ts';
import { usePageVisible } from '../ui/page-visible.ts';
import type { GatewayStatusQuery } from './documents.ts';
import { run } from './operation-text.ts';
import { GATEWAY_STATUS } from './operations.ts';

/** Milliseconds between two readings. */
const PAUSE_MS = 5000;

export type GatewayStatus = NonNullable<GatewayStatusQuery['gatewayStatus']>;

/** What the page knows of the gateway. */
interface KnownStatus {
  /** The last reading; null: there is none. */
  readonly status: GatewayStatus | null;
  /** Why the last attempt to read failed; null: it did not. */
  readonly error: Error | null;
  /** Whether the caller lacks the scope. */
  readonly isForbidden: boolean;
  /** Reads again at once. */
  readonly refresh: () => void;
}

/** Reads the status again and again while the page is visible and the user is not signed out. */
export function useStatus(): KnownStatus {
  const { connection } = useGateway().client;
  const isVisible = usePageVisible();
  const isSignedOut = usePageState() === 'signed-out';
  const [status, setStatus] = useState<GatewayStatus | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [refreshes, setRefreshes] = useState(0);
  useEffect(() => {
    if (!isVisible || isSignedOut) return undefined;
    return poll(
      connection,
      (read) => {
        setStatus(read);
        setError(null);
      },
      setError,
    );
  }, [connection, isVisible, isSignedOut, refreshes]);
  return {
    status,
    error,
    isForbidden: isForbidden(error),
    refresh: () => setRefreshes((count) => count + 1),
  };
}

function isForbidden(error: unknown): boolean {
  return error instanceof ReelgateError && error.code === 'FORBIDDEN';
}

/** Reads until the token lacks the scope. @returns a function that stops it */
function poll(
  connection: Connection,
  onRead: (status: GatewayStatus) => void,
  onError: (error: Error) => void,
): () => void {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async (): Promise<void> => {
    try {
      const { gatewayStatus } = await run(connection, GATEWAY_STATUS, {}, stopped.signal);
      if (gatewayStatus === null) throw new Error('The gateway answered without its status.');
      if (!stopped.signal.aborted) onRead(gatewayStatus);
    } catch (error) {
      if (!stopped.signal.aborted) onError(error instanceof Error ? error : new Error(String(error)));
      if (isForbidden(error)) return;
    }
    if (!stopped.signal.aborted) timer = setTimeout(() => void read(), PAUSE_MS);
  };
  void read();
  return () => {
    stopped.abort();
    clearTimeout(timer);
  };
}
