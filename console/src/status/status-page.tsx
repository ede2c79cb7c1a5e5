import { BackLink } from '../jobs/back-link.tsx';
import { timeOfDay } from '../jobs/times.ts';
import { useArrival } from '../ui/use-arrival.ts';
import { FailingDeliveries, OldestJobs, QuarantinedRecords } from './problems.tsx';
import { Summary } from './summary.tsx';
import { type GatewayStatus, useStatus } from './use-status.ts';
import { verdictOf } from './verdict.ts';

const TITLE = 'Gateway status';

/** What operators see of the gateway: what waits and why, and the actions that help. */
export function StatusPage() {
  const heading = useArrival(TITLE);
  const { status, error, isForbidden, refresh } = useStatus();
  return (
    <main className="page status">
      <BackLink />
      <h1 ref={heading} tabIndex={-1}>
        {TITLE}
      </h1>
      {isForbidden && (
        <p role="alert">
          This page is for operators. It needs a token with the scope <code>gateway:admin</code>, and{' '}
          <code>video:read</code> as all pages do.
        </p>
      )}
      {!isForbidden && error !== null && (
        <p role="alert" className="status-problem">
          The status can’t be read: {error.message}
          {status !== null && ` Below is that of ${timeOfDay(status.at)}.`}
        </p>
      )}
      {!isForbidden && status === null && error === null && <p role="status">Loading…</p>}
      {!isForbidden && status !== null && <Status status={status} refresh={refresh} />}
    </main>
  );
}

function Status({ status, refresh }: { readonly status: GatewayStatus; readonly refresh: () => void }) {
  const { level, text } = verdictOf(status);
  const now = Date.parse(status.at);
  return (
    <>
      <p role="status" aria-label="State" className="verdict" data-level={level}>
        {text}
      </p>
      <Summary status={status} now={now} />
      <QuarantinedRecords status={status} refresh={refresh} />
      <FailingDeliveries status={status} now={now} refresh={refresh} />
      <OldestJobs status={status} now={now} refresh={refresh} />
    </>
  );
}
