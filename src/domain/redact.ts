/** Replaces a secret. */
const REDACTED = '[redacted]';

/** Replaces one kind of secret, in time linear to the text. */
type Redaction = (text: string) => string;

/** Slashes, also escaped as in nested JSON. */
const SLASHES = String.raw`(?:\\{0,4}\/){2}`;
/** The rest of a URL, up to the next blank, quote or bracket. It includes escaped slashes and ampersands. */
const URL_REST = String.raw`(?:[^\s"'\\<>]|\\{1,4}(?:\/|u00[0-9a-f]{2}))+`;
const URL_AFTER_SCHEME = new RegExp(`:${SLASHES}${URL_REST}`, 'gi');

/** Between the name of a header and its value: both are quoted, or neither. */
const IS = String.raw`(?:\\*["']\s*[:,]\s*\[?\s*\\*["']|\s*[:=]\s*)`;
const SECRET_HEADER = new RegExp(
  String.raw`\b((?:(?:proxy-)?authorization|x-api-key|api-key|x-auth-token|x-amz-security-token)${IS})((?:basic|bearer|digest|token)\s+)?[^\s"'\\,]+`,
  'gi',
);
const COOKIE_HEADER = new RegExp(String.raw`\b((?:set-)?cookie${IS})[^"'\\\r\n]+`, 'gi');

/**
 * Each pattern begins with a literal and matches everything that may belong to the secret; a function then decides. A pattern that fails
 * after a long run would be tried again at each position of the run, in quadratic time.
 */
const REDACTIONS: readonly Redaction[] = [
  (text) => text.replaceAll(URL_AFTER_SCHEME, redactUrl),
  // The parameters of a URL without a scheme.
  (text) =>
    text.replaceAll(/([?&#;])([\w.%-]+)=([^\s"'\\&<>#;]+)/g, (match, before: string, name: string) =>
      SECRET_PARAMETER.test(name) ? `${before}${name}=${REDACTED}` : match,
    ),
  // Headers as text, as JSON, as a list of names and values, and as nested JSON.
  (text) =>
    text.replaceAll(SECRET_HEADER, (_, before: string, scheme = '') => `${before}${scheme}${REDACTED}`),
  (text) => text.replaceAll(COOKIE_HEADER, `$1${REDACTED}`),
  (text) => text.replaceAll(/(\bbearer\s+)[\w.~+/=-]+/gi, `$1${REDACTED}`),
  (text) =>
    text.replaceAll(/(\bbasic\s+)([\w+/=-]+)/gi, (match, scheme: string, credentials: string) =>
      isBasicCredentials(credentials) ? `${scheme}${REDACTED}` : match,
    ),
  // JWTs, also inside the gateway's own tokens.
  (text) =>
    text.replaceAll(/(?:rgj_)?eyJ[\w-]*(?:\.[\w-]*)*/g, (match) => (match.includes('.') ? REDACTED : match)),
  // Keys of the upstream.
  (text) => text.replaceAll(/(\bSG_)(?!sandbox\b)[\w-]+/g, `$1${REDACTED}`),
];

const SECRET_PARAMETER = /sig|token|key|secret|passw|credential|policy|jwt|auth|session|code$/i;

/** Removes tokens, keys, passwords and signatures that can be recognized by their form. */
export function redact(text: string): string {
  return REDACTIONS.reduce((redacted, redaction) => redaction(redacted), text);
}

/** Redacts query and fragment, which may have signatures and tokens, and the user part, which may have a password. */
function redactUrl(match: string, offset: number, text: string): string {
  if (!/[?#@]/.test(match)) return match;
  const [slashes = ''] = /^:[\\/]+/.exec(match) ?? [];
  const scheme = text.slice(Math.max(0, offset - 6), offset);
  // A local file, as in a stack trace, has three slashes and no user; its path has an @ below node_modules.
  const isLocalFile = slashes.split('/').length > 3 && /(?:^|[^a-z\d+.-])file$/i.test(scheme);
  const hierarchy = match.slice(slashes.length);
  const rest = isLocalFile ? hierarchy : withoutUser(hierarchy, /https?$/i.test(scheme));
  const end = rest.search(/[?#]/);
  const isOpen = end === -1 || end === rest.length - 1;
  return `${slashes}${isOpen ? rest : `${rest.slice(0, end + 1)}${REDACTED}`}`;
}

/**
 * The user part ends at the last @ of the authority, because a password may contain one. A password with an unescaped slash or question
 * mark reaches further; but in http and https URLs the path may contain an @ too.
 */
function withoutUser(rest: string, isHttp: boolean): string {
  const [authority = ''] = /^[^\\/?#]*/.exec(rest) ?? [];
  const hasPort = /^(?:[^:]*|\[[^\]]*\])(?::\d*)?$/.test(authority.slice(authority.lastIndexOf('@') + 1));
  const at = (isHttp && hasPort ? authority : rest).lastIndexOf('@');
  return at === -1 ? rest : `${REDACTED}${rest.slice(at)}`;
}

/** Whether the text is base64 of `user:password`, because `basic` is also an ordinary word. */
function isBasicCredentials(text: string): boolean {
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return decoded.includes(':') && !/[\p{Cc}\ufffd]/u.test(decoded);
}

/** Shorter secrets would match parts of ordinary words. */
const MIN_SECRET_LENGTH = 8;

/**
 * Creates a function that redacts known secrets in a text: as they are, escaped as in URLs and JSON, and as base64 at any offset.
 */
export function secretRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap((secret) =>
    secret.length < MIN_SECRET_LENGTH ? [] : [[secret], escapedForms(secret), base64Forms(secret)].flat(),
  );
  // The longest first, because one form may be a part of another.
  const longestFirst = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
}

function escapedForms(secret: string): string[] {
  const inUrl = encodeURIComponent(secret);
  const inUrlLowerCase = inUrl.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  // As most programs write JSON, and with escaped slashes as PHP does; both also nested in JSON.
  const inJson = [escapedInJson(secret), escapedInJson(secret).replaceAll('/', String.raw`\/`)];
  return [inUrl, inUrlLowerCase, ...inJson, ...inJson.map(escapedInJson)];
}

function escapedInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Base64 of a text with the secret at any offset: the digits that depend on the secret only. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const begin = Math.ceil((offset * 8) / 6);
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    const digits = encoded.slice(begin, end);
    return [digits, digits.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
