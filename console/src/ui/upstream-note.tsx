import { UPSTREAM_NOTICE } from '../gateway/upstream.ts';

/** A badge with the kind of a test upstream, and what that means; nothing for the real API. */
export function UpstreamNote() {
  if (UPSTREAM_NOTICE === null) return null;
  const [, kind = '', meaning = ''] = /^([^:,]+)[^:]*: (.*)$/.exec(UPSTREAM_NOTICE) ?? [];
  return (
    <p className="upstream" role="note">
      <strong>{kind}</strong> {meaning.charAt(0).toUpperCase() + meaning.slice(1)}
    </p>
  );
}
