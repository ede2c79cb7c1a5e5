import { ReelgateError, type VideoJob } from '@reelgate/client';
import { withActionDeadline } from '../../gateway/action-deadline.ts';
import { type Gateway, useGateway } from '../../gateway/gateway.tsx';
import { readToken } from '../../gateway/token.ts';
import { messageOf } from '../../ui/message-of.ts';
import { copyText } from '../copy-link.tsx';
import { shortTitle } from '../short-title.ts';
import { deleteJobs } from './delete-jobs.ts';
import { ShareDialog } from './share-dialog.tsx';
import { curlSnippet, type SnippetTarget, typescriptSnippet } from './snippets.ts';

/** An entry of a job's menu. */
export interface JobAction {
  readonly label: string;
  readonly isDangerous?: boolean;
  readonly run: () => Promise<void> | void;
}

/** The actions of a job that are less frequent than its buttons. */
export function useJobActions(job: VideoJob): readonly JobAction[] {
  const gateway = useGateway();
  const { client, dialogs } = gateway;
  const target = { url: new URL('graphql', document.baseURI).href, needsToken: readToken() !== null };
  const share = () => dialogs.open(<ShareDialog job={job} client={client} onClose={dialogs.close} />);
  return [
    { label: 'Share…', run: share },
    { label: 'Copy as curl', run: () => copySnippet(gateway, curlSnippet, job, target) },
    { label: 'Copy as TypeScript', run: () => copySnippet(gateway, typescriptSnippet, job, target) },
    ...(isCancelable(job) ? [{ label: 'Cancel', run: () => cancelJob(gateway, job) }] : []),
    ...(job.isTerminal
      ? [{ label: 'Delete…', isDangerous: true, run: () => deleteJobs(gateway, [job]) }]
      : []),
  ];
}

async function copySnippet(
  { notices }: Gateway,
  snippet: typeof curlSnippet,
  job: VideoJob,
  target: SnippetTarget,
): Promise<void> {
  const isCopied = await copyText(snippet(job, target));
  if (!isCopied) return notices.fail('The browser does not allow this page to copy.');
  const token = target.needsToken ? ' It reads the token from REELGATE_TOKEN.' : '';
  notices.tell(`Copied: the request of “${shortTitle(job)}”.${token}`);
}

/** Whether a job may still be canceled: the model has no way to cancel, so only before it is sent there. */
export function isCancelable({ status, submittedAt, waitingFor }: VideoJob): boolean {
  return status === 'QUEUED' && submittedAt === null && waitingFor !== 'SUBMISSION_CHECK';
}

/** Cancels a job that was not sent to the model yet. */
export async function cancelJob({ client, notices }: Gateway, job: VideoJob): Promise<void> {
  try {
    await withActionDeadline((signal) => client.cancel(job.id, { signal }));
  } catch (error) {
    const isTooLate = error instanceof ReelgateError && error.code === 'CANCEL_TOO_LATE';
    notices.fail(
      isTooLate
        ? 'It is too late to cancel: the model has the request already.'
        : `It was not canceled. ${messageOf(error)}`,
    );
  }
}
