/** Characters of a name without its extension. */
const MAX_NAME = 100;
/** Path separators, characters that file systems refuse, controls, and marks that change the direction of text. */
const UNSAFE = /[\\/:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * The Content-Disposition of a download (RFC 6266).
 *
 * @param name chosen by the client, with or without the extension
 * @param fallback used when nothing is left of the name
 * @param extension such as `.mp4`
 */
export function attachment(name: string, fallback: string, extension: string): string {
  const base = name.toWellFormed().replaceAll(UNSAFE, ' ').replaceAll(/\s+/g, ' ').trim();
  const withoutExtension = base.toLowerCase().endsWith(extension) ? base.slice(0, -extension.length) : base;
  // A leading dot hides a file, and Windows drops trailing ones.
  const cut = Array.from(withoutExtension.replace(/^[. ]+/, '')).slice(0, MAX_NAME);
  const safe = cut.join('').replace(/[. ]+$/, '') || fallback;
  const file = safe + extension;
  const ascii = file.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll('%', '_');
  const quoted = `attachment; filename="${ascii}"`;
  return ascii === file ? quoted : `${quoted}; filename*=UTF-8''${encodeExtended(file)}`;
}

/** Percent-encodes all but the `attr-char` of RFC 8187. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
