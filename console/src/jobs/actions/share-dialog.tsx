import type { JobToken, Reelgate, VideoJob } from '@reelgate/client';
import { useEffect, useState } from 'react';
import { Dialog } from '../../ui/dialogs.tsx';
import { CopyLink } from '../copy-link.tsx';

/** The gateway's maximum: a day. */
const TTL_SECONDS = 86_400;

interface ShareDialogProps {
  readonly job: VideoJob;
  readonly client: Reelgate;
  readonly onClose: () => void;
}

/** Creates a link that shows one job to anyone who has it. */
export function ShareDialog({ job, client, onClose }: ShareDialogProps) {
  const [token, setToken] = useState<JobToken | Error | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    client
      .createJobToken(job.id, { ttlSeconds: TTL_SECONDS, signal: leaving.signal })
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
      .then((result) => {
        if (!leaving.signal.aborted) setToken(result);
      })
      // The chain has no other way to fail.
      .catch(() => {});
    return () => leaving.abort();
  }, [client, job.id]);
  const link = token === null || token instanceof Error ? '' : shareLink(job.id, token.token);
  return (
    <Dialog title="Share this video" onClose={onClose}>
      <p>Anyone who has the link can see this video and its settings, and nothing else.</p>
      {token instanceof Error ? (
        <p className="field-error" role="alert">
          The link could not be created. {token.message}
        </p>
      ) : (
        <>
          <input
            type="text"
            aria-label="Link"
            readOnly
            value={link}
            placeholder="Creating the link…"
            onFocus={({ target }) => target.select()}
          />
          <p className="muted">
            {token === null ? '\u00a0' : `It works until ${dateTime(token.expiresAt)}.`}
          </p>
        </>
      )}
      <div className="actions">
        {link !== '' && <CopyLink url={link} />}
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** The token is in the fragment, which browsers do not send, so it appears in no server's log. */
function shareLink(id: string, token: string): string {
  return `${new URL(`jobs/${id}`, document.baseURI).href}#${new URLSearchParams({ token }).toString()}`;
}

function dateTime(iso: string): string {
  return new Date(iso).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
}
