import { useState } from 'react';

interface DownloadProps {
  readonly url: string;
  /** The file's name. */
  readonly name: string;
}

/**
 * Saves a video. Browsers heed `download` for the page's own origin only, so it is fetched first; where the upstream
 * does not let pages read its files it opens in a tab of its own instead.
 */
export function Download({ url, name }: DownloadProps) {
  const [busy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    const file = await fetch(url, { referrerPolicy: 'no-referrer' })
      .then((answer) => (answer.ok ? answer.blob() : null))
      .catch(() => null);
    setBusy(false);
    if (file === null) window.open(url, '_blank', 'noopener,noreferrer');
    else save(file, name);
  };
  return (
    <button type="button" className="button" aria-disabled={busy} onClick={() => void press()}>
      {busy ? 'Downloading…' : 'Download'}
    </button>
  );
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
