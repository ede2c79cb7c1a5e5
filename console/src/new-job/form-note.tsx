import { useFragment } from '@apollo/client/react';
import { Link } from 'wouter';
import { type VideoJobStatus, VideoJobFieldsFragmentDoc } from '@reelgate/client/documents';

/** What the form's last sending came to. */
export type FormOutcome =
  | { readonly type: 'accepted'; readonly id: string; readonly deduplicated: boolean }
  | { readonly type: 'faulty'; readonly message: string; readonly issues: ReadonlyMap<string, string> };

/** What the form says below its button; it has its room also while it says nothing. */
export function FormNote({ outcome }: { readonly outcome: FormOutcome | null }) {
  if (outcome?.type === 'faulty') return <p className="form-note field-error">{outcome.message}</p>;
  return <p className="form-note muted">{outcome !== null && <Accepted {...outcome} />}</p>;
}

function Accepted({ id, deduplicated }: { readonly id: string; readonly deduplicated: boolean }) {
  const { data } = useFragment({
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
    from: { __typename: 'VideoJob', id },
  });
  return (
    <>
      {acceptedText(data.status, deduplicated)} <Link href={`/jobs/${id}`}>Watch it</Link>
    </>
  );
}

/** How an accepted video stands. */
export function acceptedText(status: VideoJobStatus | undefined, deduplicated: boolean): string {
  const state = status === 'COMPLETED' ? 'is ready' : status === 'FAILED' ? 'failed' : 'is on its way';
  return deduplicated ? `This video ${state} already.` : `Your video ${state}.`;
}
