import type { VideoJobStatus } from '@reelgate/client';
import { useState } from 'react';
import { Link } from 'wouter';
import { useListedJob } from '../jobs/jobs.tsx';

/** The result of the last submission of the form. */
export type FormOutcome =
  | { readonly type: 'accepted'; readonly id: string; readonly deduplicated: boolean }
  | { readonly type: 'invalid'; readonly message: string; readonly issues: ReadonlyMap<string, string> };

/** The message below the form's button. It occupies its space even without a text, so that the layout does not shift. */
export function FormNote({ outcome }: { readonly outcome: FormOutcome | null }) {
  if (outcome?.type === 'invalid') return <p className="form-note field-error">{outcome.message}</p>;
  return <p className="form-note muted">{outcome !== null && <Accepted key={outcome.id} {...outcome} />}</p>;
}

function Accepted({ id, deduplicated }: { readonly id: string; readonly deduplicated: boolean }) {
  const job = useListedJob(id);
  const [wasListed, setWasListed] = useState(false);
  if (job !== undefined && !wasListed) setWasListed(true);
  const isDeleted = job === undefined && wasListed;
  if (isDeleted) return null;
  return (
    <>
      {acceptedText(job?.status, deduplicated)} <Link href={`/jobs/${id}`}>Watch it</Link>
    </>
  );
}

/** The message for an accepted job. */
export function acceptedText(status: VideoJobStatus | undefined, deduplicated: boolean): string {
  const state = status === 'COMPLETED' ? 'is ready' : status === 'FAILED' ? 'failed' : 'is on its way';
  return deduplicated ? `This video ${state} already.` : `Your video ${state}.`;
}
