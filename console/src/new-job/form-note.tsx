import { useFragment } from '@apollo/client/react';
import { type VideoJobStatus, VideoJobFieldsFragmentDoc } from '@reelgate/client/documents';
import { Link } from 'wouter';
import { useGateway } from '../gateway/gateway.tsx';
import { useStore } from '../ui/store.ts';

/** The result of the last submission of the form. */
export type FormOutcome =
  | { readonly type: 'accepted'; readonly id: string; readonly deduplicated: boolean }
  | { readonly type: 'invalid'; readonly message: string; readonly issues: ReadonlyMap<string, string> };

/** The message below the form's button. It occupies its space even without a text, so that the layout does not shift. */
export function FormNote({ outcome }: { readonly outcome: FormOutcome | null }) {
  if (outcome?.type === 'invalid') return <p className="form-note field-error">{outcome.message}</p>;
  return <p className="form-note muted">{outcome !== null && <Accepted {...outcome} />}</p>;
}

function Accepted({ id, deduplicated }: { readonly id: string; readonly deduplicated: boolean }) {
  const { feed } = useGateway();
  const isDeleted = useStore(feed.deleted).has(id);
  const { data } = useFragment({
    fragment: VideoJobFieldsFragmentDoc,
    fragmentName: 'VideoJobFields',
    from: { __typename: 'VideoJob', id },
  });
  if (isDeleted) return null;
  return (
    <>
      {acceptedText(data.status, deduplicated)} <Link href={`/jobs/${id}`}>Watch it</Link>
    </>
  );
}

/** The message for an accepted job. */
export function acceptedText(status: VideoJobStatus | undefined, deduplicated: boolean): string {
  const state = status === 'COMPLETED' ? 'is ready' : status === 'FAILED' ? 'failed' : 'is on its way';
  return deduplicated ? `This video ${state} already.` : `Your video ${state}.`;
}
