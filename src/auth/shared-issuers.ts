/**
 * Hosts of JWK sets whose keys sign tokens for the apps of many customers: a valid signature does not tell for whose app a token
 * was issued.
 */
const SHARED_HOSTS = [
  'accounts.google.com',
  // Google, Firebase and Google's service accounts.
  'googleapis.com',
  // Entra ID: its tenants share their keys.
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
  'appleid.apple.com',
  'facebook.com',
  'linkedin.com',
  'slack.com',
  'id.twitch.tv',
  'api.login.yahoo.com',
  'api.line.me',
  // Workflows of any repository.
  'token.actions.githubusercontent.com',
  'gitlab.com',
];

/**
 * A warning about a JWK set that many apps share.
 *
 * @param issuer null: any `iss` is accepted
 * @param audience null: any `aud` is accepted
 * @returns null when the set is not known to be shared, or both are set
 */
export function sharedIssuerWarning(
  jwksUrl: string,
  issuer: string | null,
  audience: string | null,
): string | null {
  const { hostname } = new URL(jwksUrl);
  if (!SHARED_HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`))) return null;
  const missing = [issuer === null && 'AUTH_ISSUER', audience === null && 'AUTH_AUDIENCE'].filter(
    (name) => name !== false,
  );
  if (missing.length === 0) return null;
  return `AUTH_JWKS_URL is at ${hostname}, whose keys sign tokens for the apps of many customers, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set: tokens that were made for other apps are accepted. Set ${missing.join(' and ')} to what your own tokens say.`;
}
