import type { VideoJobStatus } from '@reelgate/client';

const LABELS: Readonly<Record<VideoJobStatus, string>> = {
  QUEUED: 'Queued',
  PROCESSING: 'In progress',
  COMPLETED: 'Ready',
  FAILED: 'Failed',
};

export function StatusBadge({ status }: { readonly status: VideoJobStatus }) {
  return (
    <span className="badge" data-status={status}>
      {LABELS[status]}
    </span>
  );
}
