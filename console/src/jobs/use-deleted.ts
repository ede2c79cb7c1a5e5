import { useReelgate } from '@reelgate/client/react';
import { useEffect, useState } from 'react';

/**
 * Whether a job was deleted while the component is shown. The stream of a job that has ended is over, so its deletion is watched
 * separately.
 */
export function useDeleted(id: string): boolean {
  const client = useReelgate();
  const [isDeleted, setDeleted] = useState(false);
  useEffect(() => {
    const leaving = new AbortController();
    const watch = async (): Promise<void> => {
      for await (const change of client.watchAll(leaving)) {
        // Deletions during a lost connection are not reported.
        const isGone =
          change.type === 'watching'
            ? (await client.job(id, leaving)) === null
            : change.type === 'deleted' && change.id === id;
        if (isGone) setDeleted(true);
      }
    };
    // It ends when the component goes, and when the gateway refuses, which `useVideoJob` reports.
    watch().catch(() => {});
    return () => leaving.abort();
  }, [client, id]);
  return isDeleted;
}
