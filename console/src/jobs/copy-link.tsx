import { useState } from 'react';
import { copyText } from '../ui/copy-text.ts';

/** Copies the page's address. */
export function CopyLink() {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const press = async (): Promise<void> => {
    setState((await copyText(location.href)) ? 'copied' : 'failed');
  };
  return (
    <button type="button" className="button quiet" onClick={() => void press()}>
      {{ idle: 'Copy link', copied: 'Copied', failed: 'Copy it from the address bar' }[state]}
    </button>
  );
}
