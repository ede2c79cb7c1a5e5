import { useEffect, useState } from 'react';
import { useGateway } from './gateway.tsx';
import { usePageState } from './page-state.ts';

/** Reads nothing of the store. */
const QUERY = '{gatewayStatus{__typename}}';

/** Whether the caller has the scope `gateway:admin`; false until the gateway has answered. */
export function useIsOperator(): boolean {
  const { connection } = useGateway().client;
  const isLive = usePageState() === 'connected';
  const [isOperator, setIsOperator] = useState(false);
  useEffect(() => {
    if (!isLive) return undefined;
    const stopped = new AbortController();
    connection
      .execute<{ readonly gatewayStatus: object | null }>({ query: QUERY }, stopped.signal)
      .then(({ data }) => {
        if (!stopped.signal.aborted) setIsOperator(data?.gatewayStatus != null);
      })
      // The gateway is asked again with the next connection.
      .catch(() => {});
    return () => stopped.abort();
  }, [connection, isLive]);
  return isOperator;
}
