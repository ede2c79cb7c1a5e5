import { useState } from 'react';

/** A button that copies a URL. @param url by default the page's */
export function CopyLink({ url = location.href }: { readonly url?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  const press = async (): Promise<void> => {
    setState((await copyText(url)) ? 'copied' : 'failed');
  };
  return (
    <button type="button" className="button" onClick={() => void press()}>
      {{ idle: 'Copy link', copied: 'Copied', failed: 'Copying failed' }[state]}
    </button>
  );
}

/** Copies a text to the clipboard. Call it in a click or key handler. @returns false when the browser refuses */
export async function copyText(text: string): Promise<boolean> {
  // Pages over plain http have no `navigator.clipboard`, except on this machine.
  if (navigator.clipboard === undefined) return copyByCommand(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => copyByCommand(text),
  );
}

/** The deprecated API: the new one does not work over plain http. */
function copyByCommand(text: string): boolean {
  const copy = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  };
  document.addEventListener('copy', copy);
  // oxlint-disable-next-line typescript/no-deprecated
  const isCopied = document.execCommand('copy');
  document.removeEventListener('copy', copy);
  return isCopied;
}
