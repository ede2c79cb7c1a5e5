import type { VideoJobStatus } from '@reelgate/client/documents';

const WORDS: Readonly<Record<VideoJobStatus, string>> = {
  QUEUED: 'Queued',
  PROCESSING: 'In progress',
  COMPLETED: 'Ready',
  FAILED: 'Failed',
};

/** A job's status as a word, with a colour beside it. */
export function StatusBadge({ status }: { readonly status: VideoJobStatus }) {
  return (
    <span className="badge" data-status={status}>
      {WORDS[status]}
    </span>
  );
}
