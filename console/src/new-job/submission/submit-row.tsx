import { usePageState } from '../../gateway/page-state.ts';
import { useNewJob } from '../new-job.ts';
import { isSending, type SendState } from './send-state.ts';

interface SubmitRowProps {
  readonly draftId: string;
  readonly videos: number;
  readonly state: SendState | null;
}

/** The form's button, with another one that stops what it began. */
export function SubmitRow({ draftId, videos, state }: SubmitRowProps) {
  const { submissions } = useNewJob();
  const isLive = usePageState() === 'connected';
  const sending = isSending(state);
  return (
    <div className="submit-row">
      <button type="submit" className="button primary" aria-disabled={sending}>
        {buttonText(state, videos, isLive)}
      </button>
      {sending && (
        <button type="button" className="button" onClick={() => submissions.cancel(draftId)}>
          Cancel
        </button>
      )}
      {state?.type === 'uploading' && state.share > 0 && (
        <progress className="upload" max={1} value={state.share} aria-label="Upload" />
      )}
    </div>
  );
}

function buttonText(state: SendState | null, videos: number, isLive: boolean): string {
  switch (state?.type) {
    case 'checking':
      return 'Checking the image…';
    case 'uploading':
      if (!isLive) return WAITING;
      return state.share === 0 ? 'Uploading…' : `Uploading… ${Math.floor(state.share * 100)} %`;
    case 'sending':
      // Without a connection the request is sent after the next one.
      return isLive ? 'Sending…' : WAITING;
    case 'unloadable':
      return 'Generate anyway';
    case 'accepted':
    case 'invalid':
    case 'refused':
    case 'canceled':
    case undefined:
      return videos === 1 ? 'Generate video' : `Generate ${videos} videos`;
  }
}

const WAITING = 'Waiting for the gateway…';
