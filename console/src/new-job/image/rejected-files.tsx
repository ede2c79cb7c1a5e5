import { useEffect, useRef } from 'react';
import type { RejectedFile } from './use-image-files.ts';

interface RejectedFilesProps {
  readonly files: readonly RejectedFile[];
  readonly onDismiss: () => void;
}

/** Fields that take text. */
const TEXT_FIELDS = 'textarea, input:not([type=file], [type=radio], [type=checkbox], [type=range])';

/** The chosen files that cannot be used. A new list gets the focus, unless the user is typing. */
export function RejectedFiles({ files, onDismiss }: RejectedFilesProps) {
  const list = useRef<HTMLUListElement>(null);
  // Effects run again when the page comes back from another one.
  const focused = useRef(files);
  useEffect(() => {
    if (focused.current === files) return;
    focused.current = files;
    if (document.activeElement?.matches(TEXT_FIELDS) !== true) list.current?.focus();
  }, [files]);
  if (files.length === 0) return null;
  return (
    <div className="rejected">
      <ul ref={list} tabIndex={-1} className="field-error" aria-label="Files that can’t be used">
        {files.map(({ name, reason }, index) => (
          <li key={index}>
            <bdi>{name}</bdi>: {reason}
          </li>
        ))}
      </ul>
      <button type="button" className="link" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
