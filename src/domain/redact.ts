/** What a secret is replaced by. */
const REDACTED = '[redacted]';

/** Each finds one kind of secret; what stays of it, so that a person knows what it was, is its first group. */
const SECRETS: readonly RegExp[] = [
  // The query of a URL is where signatures stand, and its user part is a password.
  /(\bhttps?:\/\/[^\s"'\\?#<>]+\?)[^\s"'\\<>]+/gi,
  /(\b(?:https?|rediss?):\/\/)[^\s"'\\/@<>]+(?=@)/gi,
  /(\bbearer\s+)[\w.~+/=-]+/gi,
  // JWTs, and the gateway's own tokens around them.
  /()\b(?:rgj_)?eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g,
  // Keys of the upstream.
  /(\bSG_)(?!sandbox\b)[\w-]+/g,
];

/** A text without the tokens, keys, passwords and signatures of URLs in it. */
export function redact(text: string): string {
  return SECRETS.reduce((redacted, secret) => redacted.replaceAll(secret, `$1${REDACTED}`), text);
}
