import { useState } from 'react';

/** Copies the page's address. */
export function CopyLink() {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const press = (): void => {
    // Only pages of secure origins have a clipboard.
    const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  return (
    <button type="button" className="button quiet" onClick={press}>
      {{ idle: 'Copy link', copied: 'Copied', failed: 'Copy it from the address bar' }[state]}
    </button>
  );
}
