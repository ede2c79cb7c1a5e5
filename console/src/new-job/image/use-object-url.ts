import { useEffect, useState } from 'react';

/** A URL for a file, valid as long as the component shows the file. Null at first, and for null. */
export function useObjectUrl(file: File | null): string | null {
  const [shown, setShown] = useState<{ readonly file: File; readonly url: string } | null>(null);
  useEffect(() => {
    if (file === null) return undefined;
    const url = URL.createObjectURL(file);
    setShown({ file, url });
    return () => URL.revokeObjectURL(url);
  }, [file]);
  return shown?.file === file ? (shown?.url ?? null) : null;
}
